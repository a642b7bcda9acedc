//! The steps that must succeed: each makes its inputs, calls, and compares with the CPU reference.

use testkit::compare;
use testkit::examine::examine;
use testkit::inputs::{data, upstream};
use testkit::layout::Layout;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Channels, Element, GpuGlu, GpuPrelu, GpuRelu, View};

use super::device::Device;
use super::{Outcome, faults, message};

pub(super) type Random<'r> = &'r mut dyn FnMut() -> u32;
pub(super) type Step = fn(&Device, Random<'_>) -> Outcome;

pub(super) const STEPS: &[(&str, Step)] = &[
    ("f32", activation::<f32, f32>),
    ("f32", activation::<f32, f32>),
    ("f16", activation::<f16, f16>),
    ("bf16", activation::<bf16, bf16>),
    ("f32 to f16", activation::<f32, f16>),
    ("bf16 to f32", activation::<bf16, f32>),
    ("rows", rows),
    ("mask", mask),
    ("prelu", prelu),
    ("accumulating", accumulating),
    ("gated unit", gated_unit),
    ("sums", sums),
    ("stream", stream),
    ("transfers", transfers),
    ("dropped download", faults::dropped_download),
    ("refused buffers", faults::refused_buffers),
    ("embedder's mistake", faults::embedders_mistake),
    ("panicking callback", faults::panicking_callback),
    ("failing reader", faults::failing_reader),
    ("lost device", faults::lost_device),
];

pub(super) fn equal<T: PartialEq>(what: &str, found: &[T], expected: &[T]) -> Outcome {
    if found.len() != expected.len() {
        return Err(format!("{what}: {} elements, not {}", found.len(), expected.len()));
    }
    let wrong = found.iter().zip(expected).position(|(found, expected)| found != expected);
    wrong.map_or(Ok(()), |at| Err(format!("{what}: element {at} of {} is wrong", found.len())))
}

/// Mostly short, so that there are many steps.
pub(super) fn length(random: Random<'_>) -> usize {
    let most = [9, 100, 1500, 20_000][random() as usize % 4];
    1 + random() as usize % most
}

/// Whole numbers from -8 to 8, whose sums and products are exact.
pub(super) fn whole(length: usize, random: Random<'_>) -> Vec<f32> {
    (0..length).map(|_| (random() % 17) as f32 - 8.0).collect()
}

/// An activation with parameters of the tests' sweep, or with random parameters if it accepts them.
fn any_activation(random: Random<'_>) -> Activation {
    if random().is_multiple_of(2) {
        let sweep = Activation::parameter_sweep();
        return sweep[random() as usize % sweep.len()];
    }
    let default = Activation::ALL[random() as usize % Activation::ALL.len()];
    let count = default.parameters().len();
    let parameters: Vec<f32> =
        (0..count).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect();
    default.with_parameters(&parameters).unwrap_or(default)
}

/// Any layout. Operands of different types need buffers of their own.
fn any_layout(random: Random<'_>, one_type: bool) -> Layout {
    let [x, dy, out] = [0; 3].map(|_| random() as usize % 70);
    let layouts = if one_type { 4 } else { 1 };
    match random() % layouts {
        0 => Layout::Apart { x, dy, out },
        1 => Layout::OverX { x, dy },
        2 => Layout::OverDy { x, dy },
        _ => Layout::OneBuffer { offset: x, gap: dy },
    }
}

/// Forward and gradient at any offsets, with canaries around the output and the inputs unchanged.
fn activation<X: Element, Y: Element>(device: &Device, random: Random<'_>) -> Outcome {
    let activation = any_activation(random);
    let operator = activation.on(&device.gpu).map_err(message)?;
    let operator = operator.with_element(X::TYPE).with_output_element(Y::TYPE);
    let (length, layout) = (length(random), any_layout(random, X::TYPE == Y::TYPE));
    let seed = random().into();
    let Device { gpu, flushes, .. } = device;
    examine::<X, Y>(gpu, *flushes, activation, &operator, length, layout, seed).map(|_| ())
}

fn rows(device: &Device, random: Random<'_>) -> Outcome {
    let (row, rows, gap) = (1 + random() % 40, 1 + random() % 40, random() % 9);
    let (row, rows, pitch) = (row as usize, rows as usize, (row + gap) as usize);
    let (start, activation) = (random() as usize % 9, any_activation(random));
    let all = data(activation, start + rows * pitch, random().into());
    let x: Vec<f32> = (0..rows * row).map(|i| all[start + i / row * pitch + i % row]).collect();
    let buffer = device.gpu.upload(&all).map_err(message)?;
    let [s, l, n, p] = [start, row, rows, pitch].map(|n| n as u64);
    let operator = activation.on(&device.gpu).map_err(message)?;
    let y = operator.apply(View::rows_of::<f32>(&buffer, s, l, n, p)).map_err(message)?;
    let y = device.gpu.download(&y).map_err(message)?;
    compare::values(device.flushes, activation, &x, &y)
        .map_err(|error| format!("{activation}: {error}"))?;
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    equal("x", &bits(&device.gpu.download(&buffer).map_err(message)?), &bits(&all))
}

/// The gradient from a mask is the gradient from x.
fn mask(device: &Device, random: Random<'_>) -> Outcome {
    let slope = random() as i32 as f32 / (1 << 29) as f32;
    let activation =
        [Activation::Relu, Activation::Relu6, Activation::LeakyRelu { negative_slope: slope }]
            [random() as usize % 3];
    let operator = activation.on(&device.gpu).map_err(message)?;
    let length = length(random);
    let (x, dy) = (data(activation, length, random().into()), upstream(length, random().into()));
    let (x_buffer, dy_buffer) =
        (device.gpu.upload(&x).map_err(message)?, device.gpu.upload(&dy).map_err(message)?);
    let (y, mask) = operator.apply_with_mask(&x_buffer).map_err(message)?;
    let dx = operator.mask_gradient(&mask, &dy_buffer).map_err(message)?;
    let (y, dx) =
        (device.gpu.download(&y).map_err(message)?, device.gpu.download(&dx).map_err(message)?);
    compare::values(device.flushes, activation, &x, &y)
        .and(compare::gradients(device.flushes, activation, &x, &dy, &dx))
        .map(|_| ())
        .map_err(|error| format!("{activation}: {error}"))
}

/// PReLU with one slope is leaky ReLU.
fn prelu(device: &Device, random: Random<'_>) -> Outcome {
    let negative_slope = random() as i32 as f32 / (1 << 29) as f32;
    let weight = device.gpu.upload(&[negative_slope]).map_err(message)?;
    let operator = GpuPrelu::new(&device.gpu, &weight);
    let (length, layout, seed) = (length(random), any_layout(random, true), random().into());
    let leaky = Activation::LeakyRelu { negative_slope };
    let Device { gpu, flushes, .. } = device;
    examine::<f32, f32>(gpu, *flushes, leaky, &operator, length, layout, seed).map(|_| ())
}

fn accumulating(device: &Device, random: Random<'_>) -> Outcome {
    let length = length(random);
    let [x, dy, before] = [0; 3].map(|_| whole(length, random));
    let upload = |values: &[f32]| device.gpu.upload(values).map_err(message);
    let (x_buffer, dy_buffer, dx) = (upload(&x)?, upload(&dy)?, upload(&before)?);
    let relu = GpuRelu::new(&device.gpu).accumulating();
    relu.gradient_into(&x_buffer, &dy_buffer, &dx).map_err(message)?;
    let expected: Vec<f32> =
        (0..length).map(|i| before[i] + if x[i] > 0.0 { dy[i] } else { 0.0 }).collect();
    equal("dx", &device.gpu.download(&dx).map_err(message)?, &expected)
}

fn gated_unit(device: &Device, random: Random<'_>) -> Outcome {
    let length = length(random);
    let (a, b) = (whole(length, random), whole(length, random));
    let (a_buffer, b_buffer) =
        (device.gpu.upload(&a).map_err(message)?, device.gpu.upload(&b).map_err(message)?);
    let y = GpuGlu::reglu(&device.gpu).apply(&a_buffer, &b_buffer).map_err(message)?;
    let expected: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a * b.max(0.0)).collect();
    equal("y", &device.gpu.download(&y).map_err(message)?, &expected)
}

/// Sums over channels, and the zeros and means of units.
fn sums(device: &Device, random: Random<'_>) -> Outcome {
    let (rows, count, inner) = (1 + random() % 50, 1 + random() % 30, 1 + random() % 20);
    let (channels, length) = (Channels { count, inner }, (rows * count * inner) as usize);
    let y = whole(length, random);
    let buffer = device.gpu.upload(&y).map_err(message)?;
    let (mut sums, mut zeros) = (vec![0.0; count as usize], vec![0; count as usize]);
    for (i, &y) in y.iter().enumerate() {
        let channel = i / inner as usize % count as usize;
        sums[channel] += y;
        zeros[channel] += u64::from(y == 0.0);
    }
    let found = device.gpu.channel_sums(&buffer, channels).map_err(message)?;
    equal("sums", &device.gpu.download(&found).map_err(message)?, &sums)?;
    let units = device.gpu.units(&buffer, channels, Activation::Relu).map_err(message)?;
    let found: Vec<u64> = units.iter().map(|unit| unit.zeros).collect();
    equal("zeros", &found, &zeros)?;
    let per_unit = f64::from(rows * inner);
    let near =
        units.iter().zip(&sums).all(|(u, sum)| (u.mean - f64::from(*sum) / per_unit).abs() < 1e-4);
    if near { Ok(()) } else { Err("a mean is wrong".to_owned()) }
}

fn stream(device: &Device, random: Random<'_>) -> Outcome {
    let (activation, length) = (any_activation(random), length(random));
    let (x, mut y) = (data(activation, length, random().into()), vec![0.0; length]);
    let operator = activation.on(&device.gpu).map_err(message)?;
    operator.stream().chunk(1 + random() as usize % 3000).run(&x, &mut y).map_err(message)?;
    let compared = compare::values(device.flushes, activation, &x, &y);
    compared.map(|_| ()).map_err(|error| format!("{activation}: {error}"))
}

fn transfers(device: &Device, random: Random<'_>) -> Outcome {
    let length = length(random);
    let mut numbers = whole(length, random);
    let buffer = device.gpu.upload(&numbers).map_err(message)?;
    let start = random() as usize % length;
    let part = whole(length - start, random);
    let view = View::elements::<f32>(&buffer, start as u64, part.len() as u64);
    let earlier = device.gpu.download_async(&buffer);
    device.gpu.upload_into(&part, view).map_err(message)?;
    equal("earlier", &pollster::block_on(earlier).map_err(message)?, &numbers)?;
    numbers[start..].copy_from_slice(&part);
    equal("the part", &device.gpu.download(view).map_err(message)?, &part)?;
    equal("the whole", &device.gpu.download(&buffer).map_err(message)?, &numbers)
}
