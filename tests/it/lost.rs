//! A lost device gives `Error::DeviceLost`, never silence and never a hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

#[cfg(feature = "init")]
use wgpu_relu::Init;
use wgpu_relu::half::f16;
use wgpu_relu::{
    Activation, Channels, Draw, Error, Fusion, Gpu, GpuCrelu, GpuGlu, GpuPrelu, GpuRelu, Prepared,
    UnitMonitor,
};

use crate::callbacks::within;
use crate::own_device;
use crate::transfer::buffers;

fn mortal() -> Gpu {
    let (device, queue) = own_device(|_| ());
    Gpu::from_device(&device, &queue)
}

/// One that can be read and written at once on every device.
pub(crate) fn texture(gpu: &Gpu) -> wgpu::Texture {
    gpu.device().create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 3, height: 2, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::R32Float,
        usage: wgpu::TextureUsages::STORAGE_BINDING | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    })
}

fn is_lost<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::DeviceLost { .. }))
}

/// Every method of the crate that works on a device and can fail.
///
/// Reliability 15.
#[test]
fn everything_after_the_loss_says_so() {
    let gpu = mortal();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[1.0; 100]).unwrap();
    let y = relu.apply(&x).unwrap();
    let step = relu.prepare(&x, &y).unwrap();
    let leaky = Activation::LeakyRelu { negative_slope: 0.5 };
    let patchable = leaky.on(&gpu).unwrap().prepare(&x, &y).unwrap();
    let rrelu = Activation::Rrelu { lower: 0.1, upper: 0.3 }.on(&gpu).unwrap();
    let drawn = rrelu.in_training(Draw::default()).unwrap().prepare(&x, &y).unwrap();
    let (prelu, weight) = (GpuPrelu::new(&gpu, x.slice(0..4)), gpu.zeros::<f32>(1).unwrap());
    let (glu, crelu) = (GpuGlu::swiglu(&gpu), GpuCrelu::new(&gpu));
    let (two, half) = (gpu.zeros::<f32>(200).unwrap(), gpu.zeros::<f32>(50).unwrap());
    let (ten, records) = (gpu.zeros::<f32>(10).unwrap(), gpu.zeros::<f32>(80).unwrap());
    let axis = Channels::last(10);
    let mut monitor = UnitMonitor::new(&gpu, &y, axis, Activation::Relu).unwrap();
    let (_, mask) = relu.apply_with_mask(&x).unwrap();
    let texture = texture(&gpu);
    // The next output takes it.
    gpu.recycle(gpu.zeros::<f32>(100).unwrap());
    assert!(!gpu.is_lost());
    gpu.device().destroy();
    assert!(gpu.is_lost());

    assert!(is_lost(step.submit()));
    assert!(is_lost(Prepared::submit_all([&step, &patchable])));
    assert!(is_lost(patchable.set_activation(leaky)));
    assert!(is_lost(drawn.set_draw(Draw::default())));

    assert!(is_lost(relu.apply(&x)));
    assert!(is_lost(relu.apply_into(&x, &y)));
    assert!(is_lost(relu.apply_in_place(&x)));
    assert!(is_lost(relu.gradient(&x, &y)));
    assert!(is_lost(relu.gradient_into(&x, &x, &y)));
    assert!(is_lost(relu.prepare(&x, &y)));
    assert!(is_lost(relu.prepare_gradient(&x, &x, &y)));
    assert!(is_lost(relu.apply_fused(&x, Fusion::new())));
    assert!(is_lost(relu.apply_fused_into(&x, Fusion::new().residual(&x), &y)));
    assert!(is_lost(relu.fused_gradient(&x, &x, Fusion::new().bias(&x))));
    assert!(is_lost(relu.fused_gradient_into(&x, &x, Fusion::new().bias(&x), &y)));
    assert!(is_lost(relu.prepare_fused(&x, Fusion::new(), &y)));
    assert!(is_lost(relu.prepare_fused_gradient(&x, &x, Fusion::new(), &y)));
    assert!(is_lost(relu.apply_with_mask(&x)));
    assert!(is_lost(relu.mask_gradient(&mask, &x)));
    assert!(is_lost(relu.mask_gradient_into(&mask, &x, &y)));
    assert!(is_lost(relu.prepare_mask_gradient(&mask, &x, &y)));
    assert!(is_lost(relu.prepare_with_units(&x, &ten, axis, &y, &records)));
    assert!(is_lost(relu.apply_texture(&texture, &texture)));
    assert!(is_lost(relu.apply_texture_in_place(&texture)));
    assert!(is_lost(relu.prepare_texture(&texture, &texture)));
    assert!(is_lost(relu.forward(&[1.0])));

    assert!(is_lost(relu.stream().run(&[1.0], &mut [0.0])));
    assert!(is_lost(relu.stream().run_in_place(&mut [1.0])));
    assert!(is_lost(relu.stream().gradient(&[1.0], &[1.0], &mut [0.0])));
    assert!(is_lost(relu.stream().pipe(&[0; 400][..], std::io::sink())));
    assert!(is_lost(relu.stream().pipe_gradient(&[0; 4][..], &[0; 4][..], std::io::sink())));

    assert!(is_lost(prelu.apply(&x)));
    assert!(is_lost(prelu.apply_into(&x, &y)));
    assert!(is_lost(prelu.apply_in_place(&y)));
    assert!(is_lost(prelu.gradient(&x, &y)));
    assert!(is_lost(prelu.gradient_into(&x, &x, &y)));
    assert!(is_lost(prelu.weight_gradient(&x, &y)));
    assert!(is_lost(prelu.weight_gradient_into(&x, &y, &weight)));
    assert!(is_lost(prelu.prepare(&x, &y)));
    assert!(is_lost(prelu.prepare_gradient(&x, &x, &y)));
    assert!(is_lost(prelu.prepare_weight_gradient(&x, &y, &weight)));

    assert!(is_lost(glu.apply(&x, &y)));
    assert!(is_lost(glu.apply_into(&x, &x, &y)));
    assert!(is_lost(glu.gradient(&x, &y, &x)));
    assert!(is_lost(glu.gradient_into(&x, &y, &x, &x, &y)));
    assert!(is_lost(glu.apply_split(&x, axis)));
    assert!(is_lost(glu.apply_split_into(&x, axis, &half)));
    assert!(is_lost(glu.gradient_split(&x, &half, axis)));
    assert!(is_lost(glu.gradient_split_into(&x, &half, axis, &y)));
    assert!(is_lost(glu.prepare(&x, &x, &y)));
    assert!(is_lost(glu.prepare_gradient(&x, &y, &x, &x, &y)));
    assert!(is_lost(glu.prepare_split(&x, axis, &half)));
    assert!(is_lost(glu.prepare_gradient_split(&x, &half, axis, &y)));

    assert!(is_lost(crelu.apply(&x, axis)));
    assert!(is_lost(crelu.apply_into(&x, axis, &two)));
    assert!(is_lost(crelu.gradient(&x, &two, axis)));
    assert!(is_lost(crelu.gradient_into(&x, &two, axis, &y)));
    assert!(is_lost(crelu.prepare(&x, axis, &two)));
    assert!(is_lost(crelu.prepare_gradient(&x, &two, axis, &y)));

    assert!(is_lost(gpu.prewarm([Activation::Relu, Activation::Gelu])));
    assert!(is_lost(relu.prewarm()));
    assert!(is_lost(prelu.prewarm()));
    assert!(is_lost(glu.prewarm()));
    assert!(is_lost(crelu.prewarm()));

    assert!(is_lost(gpu.channel_sums(&x, axis)));
    assert!(is_lost(gpu.channel_sums_elements::<f16>(&x, axis)));
    assert!(is_lost(gpu.accumulate_channel_sums::<f32>(&x, axis, &ten)));
    assert!(is_lost(gpu.prepare_channel_sums(&x, axis, &ten)));
    assert!(is_lost(gpu.prepare_channel_sums_elements::<f16>(&x, axis, &ten)));
    assert!(is_lost(gpu.prepare_accumulate_channel_sums::<f32>(&x, axis, &ten)));
    assert!(is_lost(gpu.units(&y, axis, Activation::Relu)));
    assert!(is_lost(gpu.units_elements::<f16>(&y, axis, Activation::Relu)));
    assert!(is_lost(gpu.prepare_units(&y, axis, Activation::Relu, &records)));
    assert!(is_lost(gpu.prepare_units_elements::<f16>(&y, axis, Activation::Relu, &records)));
    assert!(is_lost(UnitMonitor::new(&gpu, &y, axis, Activation::Relu)));
    assert!(is_lost(UnitMonitor::of_elements::<f16>(&gpu, &y, axis, Activation::Relu)));
    assert!(is_lost(monitor.observe()));
    assert!(is_lost(monitor.read()));
    #[cfg(feature = "init")]
    {
        let (init, shape) = (Init::LecunNormal, &[10, 10]);
        assert!(is_lost(gpu.fill(&x, init, shape, Draw::default())));
        assert!(is_lost(gpu.fill_elements::<f32>(&x, init, shape, Draw::default())));
        assert!(is_lost(gpu.prepare_fill(&x, init, shape, Draw::default())));
        assert!(is_lost(gpu.prepare_fill_elements::<f32>(&x, init, shape, Draw::default())));
    }

    let (mut words, mut halves) = ([0.0; 100], [f16::ONE; 200]);
    assert!(is_lost(gpu.zeros::<f32>(100)));
    assert!(is_lost(gpu.upload(&[1.0; 100])));
    assert!(is_lost(gpu.upload_into(&[1.0; 100], &x)));
    assert!(is_lost(gpu.upload_elements(&[f16::ONE; 3])));
    assert!(is_lost(gpu.upload_elements_into(&[f16::ONE; 200], &x)));
    assert!(is_lost(gpu.download(&y)));
    assert!(is_lost(gpu.download_into(&y, &mut words)));
    assert!(is_lost(gpu.download_elements::<f16>(&y)));
    assert!(is_lost(gpu.download_elements_into(&y, &mut halves)));
    assert!(is_lost(pollster::block_on(gpu.download_async(&y))));
    assert!(is_lost(pollster::block_on(gpu.download_elements_async::<f16>(&y))));

    // What cannot fail does no harm.
    gpu.recycle(y);
    gpu.trim();
    assert!(gpu.skipped().is_empty() && gpu.is_lost());
}

/// The list above has a call per method, so that a new method is added to it.
#[test]
fn the_list_of_calls_is_complete() {
    // They need no device, or make one.
    let others = ["on", "with_activation", "in_training", "mask_size", "new", "request", "plan"];
    let of_host = ["for_shape", "fill_drawn", "validate", "with_parameters"];
    let (_, list) = include_str!("lost.rs").split_once("    gpu.device().destroy();").unwrap();
    let (list, _) = list.split_once("    // What cannot fail does no harm.").unwrap();
    let mut found = std::collections::BTreeMap::<String, usize>::new();
    for folder in ["device", "ops", "ops/statistics", "init", "stream"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for method in text.split("    pub fn ").skip(1) {
                let signature = method.split('{').next().unwrap();
                let name = method.split(['(', '<']).next().unwrap();
                let fails = ["-> Result<", "-> Download"].iter().any(|r| signature.contains(r));
                if fails && !others.contains(&name) && !of_host.contains(&name) {
                    *found.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }
    assert!(found.len() > 50, "{found:?}");
    // Init::fill is of the host.
    *found.get_mut("fill").unwrap() -= 1;
    for (name, methods) in found {
        let calls = [".", "::"].map(|dot| ["(", "::<"].map(|end| format!("{dot}{name}{end}")));
        let calls: usize = calls.iter().flatten().map(|call| list.matches(call).count()).sum();
        assert!(calls >= methods, "{name}: {calls} calls of {methods} methods");
    }
}

#[test]
fn on_a_device_of_our_own_too() {
    let gpu = Gpu::new().unwrap();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[1.0; 100]).unwrap();
    gpu.device().destroy();
    assert!(is_lost(relu.apply(&x)));
    assert!(is_lost(gpu.upload(&[1.0])));
    assert!(is_lost(gpu.download(&x)));
    assert!(is_lost(pollster::block_on(gpu.download_async(&x))));
}

/// Reliability 15.
#[test]
fn loss_under_threads_ends_every_thread() {
    let gpu = mortal();
    let destroyed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let relu = GpuRelu::new(&gpu);
                loop {
                    // Read before the work, because work that starts after the loss must fail.
                    let after = destroyed.load(Ordering::SeqCst);
                    let outcome = gpu
                        .upload(&[1.0; 300])
                        .and_then(|x| relu.apply(&x))
                        .and_then(|y| gpu.download(&y));
                    match outcome {
                        Ok(y) => {
                            assert!(!after, "success after the loss");
                            assert_eq!(y, [1.0; 300]);
                        }
                        Err(error) => {
                            assert!(is_lost::<()>(Err(error.clone())), "{error}");
                            break;
                        }
                    }
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
        gpu.device().destroy();
        destroyed.store(true, Ordering::SeqCst);
    });
}

/// The buffers of a lost device that are left without its `Gpu`.
fn left_behind(gpu: Gpu) -> isize {
    let device = gpu.device().clone();
    drop(gpu);
    buffers(&device)
}

/// Eight threads apply, each with downloads that it has not waited for, when the device is lost. No buffer stays behind.
///
/// Reliability 15.
#[test]
fn loss_with_downloads_pending_ends_every_call() {
    within(Duration::from_secs(120), || {
        let unused = mortal();
        unused.device().destroy();
        let wgpus_own = left_behind(unused);
        for round in 0..10 {
            let gpu = mortal();
            let finished = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for thread in 0..8 {
                    let (gpu, finished) = (&gpu, &finished);
                    scope.spawn(move || appliers(gpu, thread, finished));
                }
                // Everybody is at work.
                while finished.load(Ordering::Relaxed) < 8 * (1 + round) {
                    std::thread::yield_now();
                }
                gpu.device().destroy();
            });
            assert!(gpu.is_lost());
            assert_eq!(left_behind(gpu), wgpus_own, "round {round}");
        }
    });
}

/// Applies and reads back until the device is lost, with up to four downloads under way. `finished` counts the turns.
fn appliers(gpu: &Gpu, thread: usize, finished: &AtomicUsize) {
    let length = 1000 + 40_000 * (thread % 2);
    let ended = |error: &Error| {
        let lost = matches!(error, Error::DeviceLost { .. });
        assert!(lost, "thread {thread}: {error}");
    };
    let arrived = |outcome: Result<Vec<f32>, Error>| match outcome {
        Ok(y) => assert!(y == vec![2.0; length], "thread {thread}"),
        Err(error) => ended(&error),
    };
    let relu = GpuRelu::new(gpu);
    let mut pending = std::collections::VecDeque::new();
    let end = loop {
        let y = match gpu.upload(&vec![2.0; length]).and_then(|x| relu.apply(&x)) {
            Ok(y) => y,
            Err(error) => break error,
        };
        pending.push_back(gpu.download_async(&y));
        if let Err(error) = relu.apply_in_place(&y) {
            break error;
        }
        if pending.len() == 4 {
            match thread % 4 {
                0 => arrived(gpu.download(&y)),
                1 => arrived(relu.forward(&vec![2.0; length])),
                _ => {}
            }
            arrived(pollster::block_on(pending.pop_front().unwrap()));
            finished.fetch_add(1, Ordering::Relaxed);
        }
    };
    ended(&end);
    for waiting in pending {
        arrived(pollster::block_on(waiting));
    }
}

/// Reliability 16.
#[test]
fn a_download_under_way_ends() {
    for _ in 0..20 {
        let gpu = mortal();
        let x = gpu.upload(&vec![1.0; 100_000]).unwrap();
        let waiting = gpu.download_async(&x);
        gpu.device().destroy();
        // It finished in time, or it returns the error.
        match pollster::block_on(waiting) {
            Ok(data) => assert_eq!(data, vec![1.0; 100_000]),
            Err(error) => assert!(is_lost::<()>(Err(error.clone())), "{error}"),
        }
    }
}

/// Reliability 22.
#[test]
fn the_callers_lost_callback_is_the_callers() {
    let gpu = mortal();
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    gpu.device().set_device_lost_callback(move |_, _| tell.store(true, Ordering::SeqCst));
    let relu = GpuRelu::new(&gpu);
    relu.forward(&[1.0]).unwrap();
    gpu.device().destroy();
    let _ = relu.forward(&[1.0]);
    let _ = gpu.device().poll(wgpu::PollType::Poll);
    assert!(told.load(Ordering::SeqCst));
}
