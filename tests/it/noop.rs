//! Random calls of the public API on wgpu's noop backend, which checks every call as it does for drivers, and runs no shader.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bolero::TypeGenerator;
use wgpu::BufferUsages as Usage;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{
    Activation, Channels, Draw, ElementType, Fusion, Gpu, GpuCrelu, GpuGlu, GpuPrelu, UnitMonitor,
    View,
};

use crate::errors::watch;

/// Small limits, so that no call takes much memory.
fn noop() -> &'static (Gpu, Arc<AtomicUsize>) {
    static NOOP: OnceLock<(Gpu, Arc<AtomicUsize>)> = OnceLock::new();
    NOOP.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::NOOP;
        descriptor.backend_options.noop.enable = true;
        let instance = wgpu::Instance::new(descriptor);
        let adapter = pollster::block_on(instance.request_adapter(&Default::default())).unwrap();
        let limits = wgpu::Limits {
            max_buffer_size: 1 << 20,
            max_storage_buffer_binding_size: 1 << 18,
            ..Default::default()
        };
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let device = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
        watch(device)
    })
}

/// A small number, or any.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Number {
    Small(u8),
    Medium(u16),
    Any(u64),
}

impl Number {
    fn get(self) -> u64 {
        match self {
            Number::Small(n) => u64::from(n % 40),
            Number::Medium(n) => u64::from(n % 2000),
            Number::Any(n) => n,
        }
    }

    fn get_u32(self) -> u32 {
        self.get() as u32
    }
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Range {
    Whole,
    Words(Number, Number),
    Halves(Number, Number),
    Rows(Number, u8, u8, Number),
    Bytes(Number, Number, u8, Number),
    Strided(Number, [u8; 4], [Number; 4]),
}

#[derive(Debug, TypeGenerator)]
struct Call {
    method: u8,
    /// Whether the operands fit together. Random ranges hardly ever do.
    fits: bool,
    activation: u8,
    parameters: [u32; 2],
    elements: [u8; 2],
    operands: [(u8, Range); 5],
    channels: (Number, Number),
    length: Number,
}

impl Range {
    fn of(self, buffer: &wgpu::Buffer) -> View<'_> {
        match self {
            Range::Whole => buffer.into(),
            Range::Words(start, length) => View::elements::<f32>(buffer, start.get(), length.get()),
            Range::Halves(start, length) => {
                View::elements::<f16>(buffer, start.get(), length.get())
            }
            Range::Rows(start, length, rows, pitch) => {
                View::rows_of::<f32>(buffer, start.get(), length.into(), rows.into(), pitch.get())
            }
            Range::Bytes(offset, size, rows, pitch) => {
                View::rows_in_bytes(buffer, offset.get(), size.get(), rows.into(), pitch.get())
            }
            Range::Strided(start, shape, strides) => {
                let shape = shape.map(|size| u64::from(size % 7));
                View::strided::<f32, 4>(buffer, start.get(), shape, strides.map(Number::get))
            }
        }
    }
}

/// An error has a text, and no result is left unlooked at.
fn seen<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.map_err(|error| assert!(error.to_string().len() > 10, "{error}")).ok()
}

const METHODS: usize = 41;

static CALLS: AtomicUsize = AtomicUsize::new(0);

/// How often each method gave a result.
static RESULTS: [AtomicUsize; METHODS] = [const { AtomicUsize::new(0) }; METHODS];

/// The result of a method, which counts.
fn done<T, E: Display>(method: usize, result: Result<T, E>) -> Option<T> {
    let result = seen(result)?;
    RESULTS[method].fetch_add(1, Ordering::Relaxed);
    Some(result)
}

/// Buffers of several sizes and usages; the last one is destroyed, and the one before is mapped.
fn buffers(gpu: &Gpu) -> Vec<wgpu::Buffer> {
    let all = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
    let made = |(size, usage, mapped_at_creation): (u64, Usage, bool)| {
        gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation,
        })
    };
    let kinds = [
        (0, all, false),
        (8, all, false),
        (6, Usage::STORAGE, false),
        (160, all, false),
        (160, all, false),
        (4096, all, false),
        (4096, Usage::STORAGE | Usage::COPY_SRC, false),
        (4096, Usage::COPY_SRC | Usage::COPY_DST, false),
        (4096, Usage::MAP_READ | Usage::COPY_DST, false),
        (300_000, all, false),
        (4096, all, true),
        (4096, all, false),
    ];
    let buffers: Vec<_> = kinds.into_iter().map(made).collect();
    buffers[buffers.len() - 1].destroy();
    buffers
}

fn element(number: u8) -> ElementType {
    [ElementType::F32, ElementType::F16, ElementType::Bf16][usize::from(number % 3)]
}

/// Makes one call. Lengths of new buffers are small or past the limit.
fn make(gpu: &Gpu, buffers: &mut [wgpu::Buffer], call: &Call) {
    let default = Activation::ALL[usize::from(call.activation) % Activation::ALL.len()];
    let parameters = call.parameters.map(f32::from_bits);
    let activation = seen(default.with_parameters(&parameters)).unwrap_or(default);
    // All of them fit into the smallest of these buffers.
    let words = 1 + call.length.get() % 40;
    let part = |at: usize, words| View::elements::<f32>(&buffers[at], 0, words);
    let (x_type, y_type) = (element(call.elements[0]), element(call.elements[1]));
    let y_type = if call.fits { x_type } else { y_type };
    let [a, b, c, d, e] = match call.fits {
        true => [3, 4, 5, 6, 9].map(|at| part(at, words)),
        false => call
            .operands
            .map(|(number, range)| range.of(&buffers[usize::from(number) % buffers.len()])),
    };
    let (mask, records) = if call.fits { (part(9, 8), part(9, 8 * words)) } else { (d, d) };
    let (half, joined) = if call.fits { (part(4, words / 2), part(9, 2 * words)) } else { (b, b) };
    let relu = activation.on(gpu).unwrap().with_element(x_type).with_output_element(y_type);
    let axis = match call.fits {
        true => Channels::last(words as u32),
        false => Channels { count: call.channels.0.get_u32(), inner: call.channels.1.get_u32() },
    };
    let draw = Draw { seed: call.length.get(), ..Draw::default() };
    let fusion = Fusion::new().bias(d).residual(e);
    let unit = seen(GpuGlu::with_activation(gpu, activation)).unwrap();
    let unit = unit.with_element(x_type).with_output_element(y_type);
    let crelu = GpuCrelu::new(gpu).with_element(x_type).with_output_element(y_type);
    let prelu = GpuPrelu::with_channels(gpu, e, axis).with_element(x_type);
    let method = usize::from(call.method) % METHODS;
    CALLS.fetch_add(1, Ordering::Relaxed);
    let new = match method {
        0 => done(method, relu.apply(a)),
        1 => done(method, relu.apply_into(a, b)).and(None),
        2 => done(method, relu.apply_in_place(a)).and(None),
        3 => done(method, relu.gradient(a, b)),
        4 => done(method, relu.gradient_into(a, b, c)).and(None),
        5 => done(method, relu.accumulating().gradient_into(a, b, c)).and(None),
        6 => {
            done(method, relu.prepare(a, b)).and_then(|step| done(method, step.submit())).and(None)
        }
        7 => done(method, relu.prepare_gradient(a, b, c))
            .and_then(|step| done(method, step.submit()))
            .and(None),
        8 => done(method, relu.apply_fused(a, fusion)),
        9 => done(method, relu.apply_fused_into(a, fusion, b)).and(None),
        10 => done(method, relu.apply_fused_into(a, Fusion::new().mask(mask), b)).and(None),
        11 => done(method, relu.fused_gradient(a, b, fusion)),
        12 => done(method, relu.apply_with_mask(a)).map(|(y, _)| y),
        13 => done(method, relu.mask_gradient(mask, b)),
        14 => done(method, relu.mask_gradient_into(mask, b, c)).and(None),
        15 => done(method, relu.mask_size(call.length.get())).and(None),
        16 => done(method, relu.in_training(draw)).and_then(|relu| done(method, relu.apply(a))),
        17 => done(method, unit.apply(a, b)),
        18 => done(method, unit.gradient(a, b, c)).map(|(da, _)| da),
        19 => done(method, unit.gradient_into(a, b, c, d, e)).and(None),
        20 => done(method, unit.apply_split(a, axis)),
        21 => done(method, unit.gradient_split(a, half, axis)),
        22 => done(method, unit.gradient_split_into(a, half, axis, c)).and(None),
        23 => done(method, crelu.apply(a, axis)),
        24 => done(method, crelu.gradient(a, joined, axis)),
        25 => done(method, prelu.apply(a)),
        26 => done(method, prelu.gradient(a, b)),
        27 => done(method, prelu.weight_gradient(a, b)),
        28 => done(method, gpu.channel_sums(a, axis)),
        29 => done(method, gpu.accumulate_channel_sums::<bf16>(a, axis, b)).and(None),
        30 => done(method, gpu.units(a, axis, activation)).and(None),
        31 => done(method, UnitMonitor::of_elements::<f16>(gpu, a, axis, activation))
            .and_then(|mut monitor| done(method, monitor.observe()))
            .and(None),
        32 => done(method, relu.prepare_with_units(a, b, axis, c, records))
            .and_then(|step| done(method, step.submit()))
            .and(None),
        33 => done(method, gpu.upload(&vec![1.0; call.length.get() as usize % 3000])),
        34 => {
            let length = if call.fits { 2 * words } else { call.length.get() % 3000 };
            let x = vec![f16::ONE; length as usize];
            done(method, gpu.upload_elements_into(&x, a)).and(None)
        }
        35 => done(method, gpu.download(a)).and(None),
        36 => done(method, gpu.download_elements::<bf16>(a)).and(None),
        // Dropped before it has an answer, or waited for.
        37 => {
            let download = gpu.download_async(a);
            call.length.get().is_multiple_of(2).then(|| done(method, pollster::block_on(download)));
            None
        }
        38 => done(method, gpu.zeros::<f32>(call.length.get())),
        39 => done(method, relu.apply(a)).and_then(|y| {
            gpu.recycle(y);
            None
        }),
        _ => {
            let length = call.length.get() as usize % 300;
            let y_length = if call.fits { length } else { usize::from(call.elements[0]) };
            let mut y = vec![0.0; y_length];
            done(method, relu.stream().chunk(7).run(&vec![1.0; length], &mut y)).and(None)
        }
    };
    if let Some(new) = new {
        let at = usize::from(call.operands[0].0) % buffers.len();
        buffers[at] = new;
    }
}

/// No call panics, and wgpu's handler hears of none. A call is right or gives an error with a text.
///
/// Reliability 25.
#[test]
fn random_calls_end_in_results_or_typed_errors() {
    bolero::check!().with_type::<[Call; 6]>().with_iterations(2000).for_each(|calls| {
        let (gpu, uncaptured) = noop();
        let mut buffers = buffers(gpu);
        calls.iter().for_each(|call| make(gpu, &mut buffers, call));
        assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
        assert!(!gpu.is_lost());
    });
    let results: Vec<_> = RESULTS.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    println!("results per method: {results:?}");
    // A few calls may all be refused, and so many may not.
    if CALLS.load(Ordering::Relaxed) >= 12_000 {
        assert!(results.iter().all(|count| *count > 0), "a method was always refused");
    }
}
