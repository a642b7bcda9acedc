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
    let [a, b, c, d, e] = call
        .operands
        .map(|(number, range)| range.of(&buffers[usize::from(number) % buffers.len()]));
    let (x_type, y_type) = (element(call.elements[0]), element(call.elements[1]));
    let relu = activation.on(gpu).unwrap().with_element(x_type).with_output_element(y_type);
    let axis = Channels { count: call.channels.0.get_u32(), inner: call.channels.1.get_u32() };
    let draw = Draw { seed: call.length.get(), ..Draw::default() };
    let fusion = Fusion::new().bias(d).residual(e);
    let unit = seen(GpuGlu::with_activation(gpu, activation)).unwrap();
    let unit = unit.with_element(x_type).with_output_element(y_type);
    let crelu = GpuCrelu::new(gpu).with_element(x_type).with_output_element(y_type);
    let prelu = GpuPrelu::with_channels(gpu, e, axis).with_element(x_type);
    let new = match call.method % 41 {
        0 => seen(relu.apply(a)),
        1 => seen(relu.apply_into(a, b)).and(None),
        2 => seen(relu.apply_in_place(a)).and(None),
        3 => seen(relu.gradient(a, b)),
        4 => seen(relu.gradient_into(a, b, c)).and(None),
        5 => seen(relu.accumulating().gradient_into(a, b, c)).and(None),
        6 => seen(relu.prepare(a, b)).and_then(|step| seen(step.submit())).and(None),
        7 => seen(relu.prepare_gradient(a, b, c)).and_then(|step| seen(step.submit())).and(None),
        8 => seen(relu.apply_fused(a, fusion)),
        9 => seen(relu.apply_fused_into(a, fusion, b)).and(None),
        10 => seen(relu.apply_fused_into(a, Fusion::new().mask(d), b)).and(None),
        11 => seen(relu.fused_gradient(a, b, fusion)),
        12 => seen(relu.apply_with_mask(a)).map(|(y, _)| y),
        13 => seen(relu.mask_gradient(a, b)),
        14 => seen(relu.mask_gradient_into(a, b, c)).and(None),
        15 => seen(relu.mask_size(call.length.get())).and(None),
        16 => seen(relu.in_training(draw)).and_then(|relu| seen(relu.apply(a))),
        17 => seen(unit.apply(a, b)),
        18 => seen(unit.gradient(a, b, c)).map(|(da, _)| da),
        19 => seen(unit.gradient_into(a, b, c, d, e)).and(None),
        20 => seen(unit.apply_split(a, axis)),
        21 => seen(unit.gradient_split(a, b, axis)),
        22 => seen(unit.gradient_split_into(a, b, axis, c)).and(None),
        23 => seen(crelu.apply(a, axis)),
        24 => seen(crelu.gradient(a, b, axis)),
        25 => seen(prelu.apply(a)),
        26 => seen(prelu.gradient(a, b)),
        27 => seen(prelu.weight_gradient(a, b)),
        28 => seen(gpu.channel_sums(a, axis)),
        29 => seen(gpu.accumulate_channel_sums::<bf16>(a, axis, b)).and(None),
        30 => seen(gpu.units(a, axis, activation)).and(None),
        31 => seen(UnitMonitor::of_elements::<f16>(gpu, a, axis, activation))
            .and_then(|mut monitor| seen(monitor.observe()))
            .and(None),
        32 => seen(relu.prepare_with_units(a, b, axis, c, d))
            .and_then(|step| seen(step.submit()))
            .and(None),
        33 => seen(gpu.upload(&vec![1.0; call.length.get() as usize % 3000])),
        34 => seen(gpu.upload_elements_into(&vec![f16::ONE; call.length.get() as usize % 3000], a))
            .and(None),
        35 => seen(gpu.download(a)).and(None),
        36 => seen(gpu.download_elements::<bf16>(a)).and(None),
        // Dropped before it has an answer, or waited for.
        37 => {
            let download = gpu.download_async(a);
            call.length.get().is_multiple_of(2).then(|| seen(pollster::block_on(download)));
            None
        }
        38 => seen(gpu.zeros::<f32>(call.length.get())),
        39 => seen(relu.apply(a)).and_then(|y| {
            gpu.recycle(y);
            None
        }),
        _ => {
            let length = call.length.get() as usize % 300;
            let mut y = vec![0.0; usize::from(call.elements[0]) % 300];
            seen(relu.stream().chunk(7).run(&vec![1.0; length], &mut y)).and(None)
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
}
