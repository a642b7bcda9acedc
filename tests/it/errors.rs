//! Bad input gives a typed error with the remedy, and nothing reaches wgpu's handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wgpu::BufferUsages as Usage;
use wgpu_relu::{
    Activation, Channels, ElementType, Error, Fusion, Gpu, GpuCrelu, GpuGlu, GpuOptions, GpuPrelu,
    GpuRelu, Operand, Prepared, View,
};

use crate::{device_on, gpu, instance, own_device, raw_buffer};

/// An adopted device whose handler counts.
pub(crate) fn watched() -> (Gpu, Arc<AtomicUsize>) {
    watch(own_device(|_| ()))
}

pub(crate) fn watch((device, queue): (wgpu::Device, wgpu::Queue)) -> (Gpu, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        println!("uncaptured: {error}");
        seen.fetch_add(1, Ordering::Relaxed);
    }));
    (Gpu::from_device(&device, &queue), count)
}

fn bytes(gpu: &Gpu, size: u64, usage: Usage) -> wgpu::Buffer {
    gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage,
        mapped_at_creation: false,
    })
}

/// Every call that takes an input, with `bad` in its place.
fn everywhere(gpu: &Gpu, bad: View<'_>, good: &wgpu::Buffer) -> Vec<Error> {
    let relu = GpuRelu::new(gpu);
    vec![
        relu.apply(bad).unwrap_err(),
        relu.apply_into(bad, good).unwrap_err(),
        relu.apply_into(good, bad).unwrap_err(),
        relu.apply_in_place(bad).unwrap_err(),
        relu.gradient(bad, good).unwrap_err(),
        relu.gradient(good, bad).unwrap_err(),
        relu.gradient_into(good, good, bad).unwrap_err(),
        relu.prepare(bad, good).map(|_: Prepared| ()).unwrap_err(),
        relu.prepare_gradient(bad, good, good).map(|_| ()).unwrap_err(),
    ]
}

/// Reliability 5, 11.
#[test]
fn ranges_that_do_not_fit() {
    let (gpu, uncaptured) = watched();
    let good = gpu.upload(&[1.0; 8]).unwrap();
    for (start, length) in [(0, 9), (8, 1), (9, 0), (u64::MAX / 4, 1), (0, u64::MAX), (u64::MAX, 8)]
    {
        let bad = View::elements::<f32>(&good, start, length);
        for error in everywhere(&gpu, bad, &good) {
            assert!(matches!(error, Error::OutOfBounds { buffer_size: 32, .. }), "{error}");
        }
        assert!(matches!(gpu.download(bad), Err(Error::OutOfBounds { .. })));
    }
    // Nothing else refuses a copy of the bytes before the last whole word.
    let odd = bytes(&gpu, 31, Usage::STORAGE | Usage::COPY_SRC);
    let past = View::elements::<u8>(&odd, 24, 8);
    for error in [GpuRelu::new(&gpu).apply(past).unwrap_err(), gpu.download(past).unwrap_err()] {
        assert!(matches!(error, Error::OutOfBounds { offset: 24, size: 8, .. }), "{error}");
    }
    let past = wgpu::BufferBinding { buffer: &good, offset: 40, size: None };
    assert!(matches!(GpuRelu::new(&gpu).apply(past), Err(Error::OutOfBounds { .. })));
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 3.
#[test]
fn bytes_that_are_no_whole_element() {
    let (gpu, uncaptured) = watched();
    for size in [1, 2, 3, 5, 6, 7] {
        let odd = bytes(&gpu, size, Usage::STORAGE | Usage::COPY_SRC);
        let good = gpu.upload(&[1.0; 2]).unwrap();
        for error in everywhere(&gpu, View::from(&odd), &good) {
            assert!(matches!(error, Error::PartialElement { element: 4, .. }), "{error}");
        }
        assert!(matches!(gpu.download(&odd), Err(Error::PartialElement { .. })));
    }
    let good = gpu.upload(&[1.0; 8]).unwrap();
    for range in [1..5, 2..6, 4..9] {
        for error in everywhere(&gpu, View::from(good.slice(range.clone())), &good) {
            assert!(matches!(error, Error::PartialElement { .. }), "{range:?}: {error}");
        }
    }
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 4.
#[test]
fn lengths_that_differ() {
    let (gpu, uncaptured) = watched();
    let (three, four) = (gpu.upload(&[1.0; 3]).unwrap(), gpu.upload(&[1.0; 4]).unwrap());
    let relu = GpuRelu::new(&gpu);
    let expected = Error::LengthMismatch {
        operand: Operand::Y,
        length: 4,
        reference: Operand::X,
        expected: 3,
    };
    assert_eq!(relu.apply_into(&three, &four).unwrap_err(), expected);
    assert_eq!(expected.to_string(), "y has 4 elements, but x has 3; pass ranges of equal length");
    let shorter = relu.apply_into(&four, &three).unwrap_err();
    assert!(matches!(shorter, Error::LengthMismatch { length: 3, expected: 4, .. }), "{shorter}");
    assert!(matches!(relu.gradient(&three, &four), Err(Error::LengthMismatch { .. })));
    assert!(matches!(relu.gradient(&four, &three), Err(Error::LengthMismatch { .. })));
    assert!(matches!(
        relu.gradient_into(&three, &three, &four),
        Err(Error::LengthMismatch { operand: Operand::Dx, .. })
    ));
    let mut data = [0.0; 5];
    assert!(matches!(gpu.download_into(&four, &mut data), Err(Error::LengthMismatch { .. })));
    assert_eq!(gpu.download(&four).unwrap(), [1.0; 4]);
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 6.
#[test]
fn usages_that_are_missing() {
    let (gpu, uncaptured) = watched();
    let good = gpu.upload(&[1.0; 2]).unwrap();
    let plain = bytes(&gpu, 8, Usage::COPY_SRC | Usage::COPY_DST);
    for error in everywhere(&gpu, View::from(&plain), &good) {
        assert!(matches!(error, Error::MissingUsage { needed: "STORAGE", .. }), "{error}");
        assert!(error.to_string().contains("COPY_SRC | COPY_DST"), "{error}");
    }
    let storage = bytes(&gpu, 8, Usage::STORAGE);
    assert!(matches!(gpu.download(&storage), Err(Error::MissingUsage { needed: "COPY_SRC", .. })));
    let waiting = gpu.download_async(&storage);
    assert!(matches!(pollster::block_on(waiting), Err(Error::MissingUsage { .. })));
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 10.
#[test]
fn partial_overlap() {
    let (gpu, uncaptured) = watched();
    let data: Vec<f32> = (0..10).map(|i| i as f32 - 5.0).collect();
    let buffer = gpu.upload(&data).unwrap();
    let relu = GpuRelu::new(&gpu);
    let view = |start| View::elements::<f32>(&buffer, start, 4);
    for (x, y) in [(0, 1), (1, 0), (0, 3), (5, 3)] {
        let error = relu.apply_into(view(x), view(y)).unwrap_err();
        assert!(matches!(error, Error::Overlap { input: Operand::X, .. }), "{error}");
        let other = gpu.upload(&[1.0; 4]).unwrap();
        let error = relu.gradient_into(&other, view(x), view(y)).unwrap_err();
        assert!(matches!(error, Error::Overlap { input: Operand::Dy, .. }), "{error}");
    }
    assert_eq!(gpu.download(&buffer).unwrap(), data, "nothing is written");
    // Inputs may overlap each other.
    relu.gradient_into(view(0), view(1), view(6)).unwrap();
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 13.
#[test]
fn parameters_out_of_range() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for activation in
            [Activation::LeakyRelu { negative_slope: value }, Activation::Elu { alpha: value }]
        {
            let error = GpuRelu::with_activation(gpu(), activation).unwrap_err();
            assert!(matches!(error, Error::InvalidParameter { rule: "finite", .. }), "{error}");
        }
    }
    for value in [f32::MIN_POSITIVE, -0.0, 1e-45, f32::MAX, f32::MIN] {
        GpuRelu::with_activation(gpu(), Activation::Elu { alpha: value }).unwrap();
    }
}

/// Reliability 11.
#[test]
fn more_than_a_buffer_holds() {
    let (device, queue) = own_device(|limits| limits.max_buffer_size = 1 << 20);
    let gpu = Gpu::from_device(&device, &queue);
    let long = vec![-1.0; (1 << 18) + 1];
    let error = gpu.upload(&long).unwrap_err();
    assert_eq!(error, Error::TooLarge { size: (1 << 20) + 4, limit: 1 << 20 });
    // A slice may still have any length.
    assert_eq!(GpuRelu::new(&gpu).forward(&long).unwrap(), vec![0.0; long.len()]);
}

/// Reliability 7, 8, 9, 22.
#[test]
fn buffers_destroyed_mapped_or_foreign() {
    let instance = instance();
    let (gpu, uncaptured) = watch(device_on(&instance, |_| ()));
    let relu = GpuRelu::new(&gpu);
    let good = gpu.upload(&[1.0; 4]).unwrap();

    let destroyed = gpu.upload(&[1.0; 4]).unwrap();
    destroyed.destroy();
    assert!(matches!(relu.apply(&destroyed), Err(Error::Refused { .. })));
    assert!(matches!(relu.apply_into(&good, &destroyed), Err(Error::Refused { .. })));
    assert!(matches!(gpu.download(&destroyed), Err(Error::Refused { .. })));
    assert!(matches!(
        pollster::block_on(gpu.download_async(&destroyed)),
        Err(Error::Refused { .. })
    ));

    let mapped = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 16,
        usage: Usage::STORAGE | Usage::COPY_SRC,
        mapped_at_creation: true,
    });
    assert!(matches!(relu.apply(&mapped), Err(Error::Refused { .. })));
    assert!(matches!(gpu.download(&mapped), Err(Error::Refused { .. })));
    mapped.unmap();
    assert_eq!(gpu.download(&relu.apply(&mapped).unwrap()).unwrap(), [0.0; 4]);

    let (other, _queue) = device_on(&instance, |_| ());
    let foreign = raw_buffer(&other, Usage::STORAGE | Usage::COPY_SRC, &[0; 4]);
    assert!(matches!(relu.apply(&foreign), Err(Error::Refused { .. })));
    assert!(matches!(relu.apply_into(&good, &foreign), Err(Error::Refused { .. })));
    assert!(matches!(gpu.download(&foreign), Err(Error::Refused { .. })));

    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
    assert_eq!(gpu.download(&relu.apply(&good).unwrap()).unwrap(), [1.0; 4], "still usable");
    // And the handler is still the caller's.
    bytes(&gpu, 4, Usage::MAP_READ | Usage::MAP_WRITE | Usage::INDEX);
    assert_eq!(uncaptured.load(Ordering::Relaxed), 1);
}

/// A buffer destroyed between binding and the caller's submit.
///
/// Reliability 8.
#[test]
fn buffers_that_change_after_preparing() {
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu);
    let (x, y) = (gpu.upload(&[1.0; 4]).unwrap(), gpu.upload(&[1.0; 4]).unwrap());
    let step = relu.prepare(&x, &y).unwrap();
    x.destroy();
    let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    step.record(&mut encoder.begin_compute_pass(&Default::default()));
    gpu.queue().submit([encoder.finish()]);
    assert!(
        pollster::block_on(scope.pop()).is_some(),
        "the submit is the caller's, and so its error"
    );
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// One thread destroys buffers while eight others use them: a call succeeds with the right values or is refused.
///
/// Reliability 8.
#[test]
fn buffers_destroyed_by_another_thread() {
    let (gpu, uncaptured) = watched();
    for _ in 0..10 {
        let x = gpu.upload(&[-1.0, 2.0]).unwrap();
        let calls = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| {
                scope.spawn(|| {
                    let relu = GpuRelu::new(&gpu);
                    for _ in 0..50 {
                        match relu.apply(&x) {
                            Ok(y) => assert_eq!(gpu.download(&y).unwrap(), [0.0, 2.0]),
                            Err(error) => {
                                assert!(matches!(error, Error::Refused { .. }), "{error}")
                            }
                        }
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                })
            });
            // In the middle of their work. Threads that all panic make fewer calls.
            while calls.load(Ordering::Relaxed) < 50 && !threads.iter().all(|t| t.is_finished()) {
                std::thread::yield_now();
            }
            x.destroy();
        });
        assert!(matches!(GpuRelu::new(&gpu).apply(&x), Err(Error::Refused { .. })));
    }
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
    let x = gpu.upload(&[-1.0, 2.0]).unwrap();
    assert_eq!(gpu.download(&GpuRelu::new(&gpu).apply(&x).unwrap()).unwrap(), [0.0, 2.0]);
}

/// Reliability 9.
#[test]
fn a_buffer_whose_map_is_pending() {
    let (gpu, uncaptured) = watched();
    let buffer = bytes(&gpu, 16, Usage::MAP_READ | Usage::COPY_DST);
    gpu.upload_into(&[1.0; 4], &buffer).unwrap();
    buffer.map_async(wgpu::MapMode::Read, .., |_| ());
    assert!(matches!(gpu.upload_into(&[2.0; 4], &buffer), Err(Error::Refused { .. })));
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    assert!(matches!(gpu.upload_into(&[2.0; 4], &buffer), Err(Error::Refused { .. })));
    buffer.unmap();
    gpu.upload_into(&[3.0; 4], &buffer).unwrap();
    buffer.map_async(wgpu::MapMode::Read, .., |_| ());
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let words = buffer.get_mapped_range(..).unwrap().to_vec();
    assert_eq!(words, 3.0f32.to_le_bytes().repeat(4));
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// In a process of its own, whose memory is limited: memory that ends is an error, and freed memory is taken again. The
/// limit is on the memory of a software driver, and not on a card's.
///
/// Reliability 14.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_ends() {
    const LIMITED: &str = "WGPU_RELU_TEST_LIMITED";
    const CHUNK: u64 = 64 << 20;
    let info = crate::gpu().adapter_info();
    // OpenGL takes memory when a buffer is first used, and has no error for it then.
    if info.device_type != wgpu::DeviceType::Cpu || info.backend == wgpu::Backend::Gl {
        return;
    }
    if std::env::var_os(LIMITED).is_none() {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", r#"ulimit -v 6000000 && exec "$0" "$@""#]);
        shell.arg(std::env::current_exe().unwrap());
        shell.args(["--exact", "errors::memory_that_ends", "--nocapture"]).env(LIMITED, "1");
        let output = shell.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[-1.0, 2.0]).unwrap();
    let works = || assert_eq!(gpu.download(&relu.apply(&x).unwrap()).unwrap(), [0.0, 2.0]);
    works();
    let mut kept = Vec::new();
    let error = loop {
        match gpu.zeros::<f32>(CHUNK) {
            Ok(buffer) => kept.push(buffer),
            Err(error) => break error,
        }
        assert!(kept.len() < 64, "16 GiB of 6 GB");
    };
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    assert!(error.to_string().contains("memory"), "{error}");
    works();
    println!("{} buffers of 256 MiB before the end", kept.len());
    kept.truncate(kept.len() / 2);
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    kept.push(gpu.zeros::<f32>(CHUNK).unwrap());
    works();
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// Reliability 23.
#[test]
fn no_adapter_of_that_name() {
    let options = GpuOptions { adapter_name: Some("Voodoo 2".into()), ..Default::default() };
    let error = pollster::block_on(Gpu::request(&options)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NoAdapter { .. }), "{text}");
    assert!(text.contains("Voodoo 2") && text.contains("found "), "{text}");
    assert!(text.contains("name one of these"), "{text}");
}

/// Reliability 23.
#[test]
fn features_the_adapter_lacks() {
    let options = GpuOptions { features: wgpu::Features::all(), ..Default::default() };
    let error = pollster::block_on(Gpu::request(&options)).unwrap_err();
    assert!(matches!(error, Error::NoDevice { .. }), "{error}");
}

/// Two of `Gpu::new` share an instance, so that wgpu tells their buffers apart; not on OpenGL.
///
/// Reliability 7.
#[test]
fn buffers_of_another_gpu() {
    let (one, other) = (Gpu::new().unwrap(), Gpu::new().unwrap());
    if one.adapter_info().backend == wgpu::Backend::Gl {
        return;
    }
    let x = one.upload(&[-1.0, 2.0]).unwrap();
    let foreign = other.upload(&[-3.0, 4.0]).unwrap();
    let relu = GpuRelu::new(&one);
    let refused = |result: Result<(), Error>| matches!(result, Err(Error::Refused { .. }));
    assert!(refused(relu.apply(&foreign).map(drop)));
    assert!(refused(relu.apply_into(&x, &foreign)));
    assert!(refused(relu.gradient(&x, &foreign).map(drop)));
    assert!(refused(one.upload_into(&[0.0, 0.0], &foreign)));
    assert!(refused(one.download(&foreign).map(drop)));
    assert!(refused(pollster::block_on(one.download_async(&foreign)).map(drop)));
    assert_eq!(one.download(&relu.apply(&x).unwrap()).unwrap(), [0.0, 2.0]);
    assert_eq!(other.download(&foreign).unwrap(), [-3.0, 4.0]);
}

#[test]
fn adapters_are_chosen_by_id() {
    let info = gpu().adapter_info();
    let request = |options: GpuOptions| pollster::block_on(Gpu::request(&options));
    let named = |name: String| GpuOptions { adapter_name: Some(name), ..Default::default() };
    let by_id = request(named(format!("{:x}:{:04X}", info.vendor, info.device))).unwrap();
    assert_eq!(by_id.adapter_info().device, info.device);
    if !info.device_pci_bus_id.is_empty() {
        let by_bus = request(named(info.device_pci_bus_id.clone())).unwrap();
        assert_eq!(by_bus.adapter_info(), info);
    }
    assert!(request(named("#0".into())).is_ok());
    let error = request(named("#99".into())).unwrap_err().to_string();
    assert!(error.contains("#99") && error.contains("found #0 "), "{error}");
    // Software is told, and can be refused.
    let hardware = request(GpuOptions { no_software: true, ..Default::default() });
    match hardware {
        Ok(gpu) => assert!(!gpu.is_software()),
        Err(error) => {
            assert!(gpu().is_software());
            assert!(error.to_string().contains("no_software"), "{error}");
        }
    }
    assert_eq!(gpu().is_software(), info.device_type == wgpu::DeviceType::Cpu);
    assert_eq!(gpu().skipped(), []);
}

/// What is wrong is in the text, and nothing else.
#[test]
fn texts_name_what_was_given() {
    let gpu = gpu();
    let x = gpu.upload(&[1.0; 24]).unwrap();
    let told = |error: Error, texts: &[&str]| {
        let error = error.to_string();
        assert!(texts.iter().all(|text| error.contains(text)), "{error}");
    };
    let halves = View::elements::<wgpu_relu::half::f16>(&x, 1, 3);
    let error = gpu.upload_elements_into(&[wgpu_relu::half::f16::ONE; 3], halves).unwrap_err();
    told(error.clone(), &["starts at byte 2", "has 6 bytes", "multiple of 4 bytes"]);
    assert!(!error.to_string().contains("element has"), "{error}");
    told(gpu.channel_sums(&x, Channels::last(0)).unwrap_err(), &["at least one element"]);
    let long = gpu.channel_sums(x.slice(0..0), Channels::second(3, u32::MAX)).unwrap_err();
    told(long.clone(), &["12884901885", "2147483648", "split the channels"]);
    assert!(!long.to_string().contains("device"), "{long}");
    let slopes = x.slice(0..8);
    let error = GpuPrelu::new(gpu, slopes).apply(&x).unwrap_err();
    told(error, &["weight has 2 elements for 1 channels", "GpuPrelu::with_channels"]);
    // One range in two element types has two lengths.
    let narrowing = GpuRelu::new(gpu).with_output_element(ElementType::F16);
    told(narrowing.apply_in_place(&x).unwrap_err(), &["x lies in the buffer of y", "into another"]);
    // A row of four and a half elements, and not the 38 bytes of both rows.
    for rows in [View::rows(&x, 0, 18, 2, 20), View::rows_in_bytes(&x, 0, 18, 2, 20)] {
        let error = GpuRelu::new(gpu).apply(rows).unwrap_err();
        told(error.clone(), &["rows, of 18 bytes", "has 4"]);
        assert!(!error.to_string().contains("38"), "{error}");
    }
    let words = View::rows_of::<f32>(&x, 0, 4, 2, 5);
    let error = GpuRelu::new(gpu).with_element(ElementType::F16).apply(words).unwrap_err();
    told(error, &["of 4 bytes", "has 2"]);
}

/// Halves are told as halves, since the caller passes the whole.
#[test]
fn texts_of_halves_name_the_whole() {
    let gpu = gpu();
    let [x, whole, half, other] = [8, 8, 4, 6].map(|n| gpu.upload(&vec![1.0; n]).unwrap());
    let (glu, crelu, axis) = (GpuGlu::swiglu(gpu), GpuCrelu::new(gpu), Channels::last(4));
    let told = |error: Error, text: &str| {
        assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
        assert_eq!(error.to_string(), format!("{text}; pass ranges of equal length"));
    };
    let error = glu.gradient_split(&x, &whole, axis).unwrap_err();
    told(error, "dy has 8 elements, but each half of x has 4");
    let error = glu.gradient_split_into(&x, &half, axis, &half).unwrap_err();
    told(error, "dx has 4 elements, but x has 8");
    let error = glu.apply_split_into(&x, axis, &whole).unwrap_err();
    told(error, "y has 8 elements, but each half of x has 4");
    glu.gradient_split_into(&x, &half, axis, &whole).unwrap();
    let axis = Channels::last(2);
    let error = crelu.apply_into(&half, axis, &half).unwrap_err();
    told(error, "y has 4 elements, but x joined with -x has 8");
    let error = crelu.gradient(&other, &x, axis).unwrap_err();
    told(error, "dy has 8 elements, but x joined with -x has 12");
    crelu.gradient_into(&half, &x, axis, &half).unwrap();
}

/// wgpu's own texts name buffers by labels, which most have none of.
#[test]
fn refusals_name_the_operand() {
    let instance = instance();
    let (gpu, uncaptured) = watch(device_on(&instance, |_| ()));
    let (other, _queue) = device_on(&instance, |_| ());
    let usage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
    let destroyed = raw_buffer(gpu.device(), usage, &[0; 8]);
    destroyed.destroy();
    let mapped = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 32,
        usage,
        mapped_at_creation: true,
    });
    let foreign = raw_buffer(&other, usage, &[0; 8]);
    let (good, relu, glu) =
        (&gpu.upload(&[1.0; 8]).unwrap(), GpuRelu::new(&gpu), GpuGlu::glu(&gpu));
    let out = &gpu.upload(&[0.0; 8]).unwrap();
    let channels = Channels::last(1);
    let one = gpu.upload(&[0.5]).unwrap();
    let (slope, of_bad) = (GpuPrelu::new(&gpu, &one), |bad| View::elements::<f32>(bad, 0, 1));
    let linear = Activation::Relu;
    let units =
        |y: View<'_>, records: View<'_>| gpu.prepare_units(y, channels, linear, records)?.submit();
    for (kind, bad) in [("destroyed", &destroyed), ("mapped", &mapped), ("foreign", &foreign)] {
        let fused = |fusion| relu.apply_fused_into(good, fusion, out);
        let records = View::elements::<f32>(bad, 0, 8);
        for (operand, outcome) in [
            ("x", relu.apply_into(bad, good)),
            ("x", relu.apply(bad).map(drop)),
            ("y", relu.apply_into(good, bad)),
            ("y", relu.apply_in_place(bad)),
            ("x", relu.gradient_into(bad, good, out)),
            ("dy", relu.gradient_into(good, bad, out)),
            ("dx", relu.gradient_into(good, good, bad)),
            ("bias", fused(Fusion::new().bias(bad))),
            ("residual", fused(Fusion::new().residual(bad))),
            ("mask", relu.mask_gradient_into(bad, good, out)),
            ("weight", GpuPrelu::new(&gpu, of_bad(bad)).apply_into(good, out)),
            ("dw", slope.weight_gradient_into(good, good, of_bad(bad))),
            ("dy", slope.weight_gradient_into(good, bad, &one)),
            ("gate", glu.apply_into(good, bad, out)),
            ("x", gpu.channel_sums(bad, channels).map(drop)),
            ("y", units(View::from(bad), View::from(out))),
            ("the range of records", units(View::from(good), records)),
            ("the range to download", gpu.download(bad).map(drop)),
            ("the range to download", pollster::block_on(gpu.download_async(bad)).map(drop)),
            ("the range to upload into", gpu.upload_into(&[0.0; 8], bad)),
        ] {
            let error = outcome.unwrap_err();
            let Error::Refused { reason, .. } = &error else {
                panic!("{kind}, {operand}: {error}")
            };
            assert!(reason.starts_with(&format!("{operand}: ")), "{kind}, {operand}: {error}");
        }
    }
    // One that is destroyed between preparing and submitting, among operations that are all right.
    let [x, y] = [0; 2].map(|_| gpu.upload(&[1.0; 8]).unwrap());
    let steps = [relu.prepare(good, out).unwrap(), relu.prepare_gradient(good, &x, &y).unwrap()];
    Prepared::submit_all(&steps).unwrap();
    x.destroy();
    let error = Prepared::submit_all(&steps).unwrap_err().to_string();
    assert!(error.contains("submitting an operation: dy: "), "{error}");
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
    assert_eq!(gpu.download(out).unwrap(), [1.0; 8]);
}
