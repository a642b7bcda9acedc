//! PReLU against the CPU reference: each channel is a leaky ReLU with a slope of its own.

use testkit::inputs::{data, random_words, upstream};
use wgpu_relu::half::f16;
use wgpu_relu::{
    Activation, Channels, Element, ElementType, Error, Gpu, GpuPrelu, Operand, View, reference,
};

use crate::harness::{compare_gradients, compare_values};
use crate::{bits, gpu};

/// Every kind of shape: one slope, dense layers, images, many small channels and few huge ones, with odd rows, and with
/// rows that fill vectors of eight or only of four.
const SHAPES: [(u64, u32, u32); 14] = [
    (1001, 1, 1),
    (1, 1, 70_001),
    (33, 7, 1),
    (5, 64, 1),
    (257, 12, 1),
    (3, 5, 7),
    (4, 3, 16),
    (2, 3, 12),
    (70, 2, 9),
    (2, 1000, 3),
    (1, 2, 40_000),
    (3000, 8, 1),
    (9, 4, 64),
    (1, 4099, 1),
];

fn slopes(count: u32) -> Vec<f32> {
    const SPECIAL: [f32; 6] = [0.25, 0.0, -0.5, 1.0, 3.0, 1e-3];
    let mut random = random_words(11);
    let slope = |i: usize| match SPECIAL.get(i) {
        Some(&slope) => slope,
        None => random() as i32 as f32 / (1 << 30) as f32,
    };
    (0..count as usize).map(slope).collect()
}

/// The elements of a channel.
fn of_channel<T: Copy>(values: &[T], channels: Channels, channel: u32) -> Vec<T> {
    let of = |i: usize| (i / channels.inner as usize) as u32 % channels.count == channel;
    values.iter().enumerate().filter(|(i, _)| of(*i)).map(|(_, value)| *value).collect()
}

#[test]
fn every_shape_forward_in_place_and_backward() {
    for (rows, count, inner) in SHAPES {
        let channels = Channels { count, inner };
        let length = rows as usize * (count * inner) as usize;
        let slopes = slopes(count);
        let weights = gpu().upload(&slopes).unwrap();
        let prelu = GpuPrelu::with_channels(gpu(), &weights, channels);
        let (x, dy) = (data(Activation::Relu, length, 1), upstream(length, 1));
        for shift in [0, 3] {
            let case = format!("{rows} x {count} x {inner}, from {shift} on");
            let padded = |values: &[f32]| {
                gpu().upload(&[&vec![7.0; shift], values, &[7.0; 9]].concat()).unwrap()
            };
            let (x_buffer, dy_buffer, out) = (padded(&x), padded(&dy), padded(&x));
            let view = |buffer| View::elements::<f32>(buffer, shift as u64, length as u64);
            prelu.apply_into(view(&x_buffer), view(&out)).unwrap();
            let y = gpu().download(&out).unwrap();
            prelu.apply_in_place(view(&x_buffer)).unwrap();
            let in_place = gpu().download(&x_buffer).unwrap();
            assert_eq!(bits(&in_place), bits(&y), "{case}");
            let x_buffer = padded(&x);
            prelu.gradient_into(view(&x_buffer), view(&dy_buffer), view(&dy_buffer)).unwrap();
            let dx = gpu().download(&dy_buffer).unwrap();
            for values in [&y, &dx] {
                let beside = values[..shift].iter().chain(&values[shift + length..]);
                assert!(beside.into_iter().all(|&value| value == 7.0), "{case}");
            }
            let inside = shift..shift + length;
            for channel in 0..count {
                let slope = slopes[channel as usize];
                let leaky = Activation::LeakyRelu { negative_slope: slope };
                let of = |values: &[f32]| of_channel(values, channels, channel);
                let (x, dy) = (of(&x), of(&dy));
                compare_values(gpu(), leaky, &x, &of(&y[inside.clone()]))
                    .and(compare_gradients(gpu(), leaky, &x, &dy, &of(&dx[inside.clone()])))
                    .unwrap_or_else(|error| panic!("{case}, {leaky}: {error}"));
            }
        }
    }
}

/// dw in f64, and the sum of the terms' magnitudes.
fn weight_gradient(x: &[f32], dy: &[f32]) -> (f64, f64) {
    let terms = x.iter().zip(dy).filter(|(x, _)| **x <= 0.0);
    let terms = terms.map(|(&x, &dy)| f64::from(x) * f64::from(dy));
    terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
}

fn check_weight_gradient<X: Element, Y: Element>(rows: u64, count: u32, inner: u32) {
    let channels = Channels { count, inner };
    let length = rows as usize * (count * inner) as usize;
    let mut random = random_words(u64::from(count));
    let mut number = || random() as i32 as f32 / (1 << 30) as f32;
    let x: Vec<X> = (0..length).map(|_| X::from_f32(number())).collect();
    let dy: Vec<Y> = (0..length).map(|_| Y::from_f32(number())).collect();
    let weights = gpu().upload(&slopes(count)).unwrap();
    let prelu = GpuPrelu::with_channels(gpu(), &weights, channels)
        .with_element(X::TYPE)
        .with_output_element(Y::TYPE);
    let (x_buffer, dy_buffer) =
        (gpu().upload_elements(&x).unwrap(), gpu().upload_elements(&dy).unwrap());
    let x_view = View::elements::<X>(&x_buffer, 0, length as u64);
    let dy_view = View::elements::<Y>(&dy_buffer, 0, length as u64);
    let dw = gpu().download(&prelu.weight_gradient(x_view, dy_view).unwrap()).unwrap();
    // Not equally aligned, the same except for the order.
    let padded = |n: usize| [vec![Y::from_f32(9.0); n], dy.clone()].concat();
    let moved = gpu().upload_elements(&padded(3)).unwrap();
    let moved = View::elements::<Y>(&moved, 3, length as u64);
    let out_of_step = gpu().download(&prelu.weight_gradient(x_view, moved).unwrap()).unwrap();
    let again = gpu().download(&prelu.weight_gradient(x_view, dy_view).unwrap()).unwrap();
    assert_eq!(bits(&dw), bits(&again), "the order is fixed");
    let (x, dy): (Vec<f32>, Vec<f32>) =
        (x.iter().map(|x| x.to_f32()).collect(), dy.iter().map(|dy| dy.to_f32()).collect());
    for channel in 0..count {
        let (expected, size) = weight_gradient(
            &of_channel(&x, channels, channel),
            &of_channel(&dy, channels, channel),
        );
        let n = rows as f64 * f64::from(inner);
        let bound = 64.0 * n.log(64.0).max(1.0) * f64::from(f32::EPSILON) * size;
        let error = (f64::from(dw[channel as usize]) - expected).abs();
        assert!(error <= bound, "{rows} x {count} x {inner}, {channel}: {error:e} past {bound:e}");
        let error = (f64::from(out_of_step[channel as usize]) - expected).abs();
        assert!(error <= bound, "{rows} x {count} x {inner}, {channel}, out of step: {error:e}");
    }
}

#[test]
fn slopes_have_gradients_in_every_shape() {
    for (rows, count, inner) in SHAPES {
        check_weight_gradient::<f32, f32>(rows, count, inner);
        check_weight_gradient::<f16, f16>(rows, count, inner);
    }
    check_weight_gradient::<f32, f16>(300, 8, 3);
    check_weight_gradient::<f32, f32>(1, 1, 3_000_001);
    check_weight_gradient::<f32, f32>(2, 20_000, 3);
}

/// dx and dw have numbers already, and the gradients are added to them.
#[test]
fn gradients_add_to_what_is_there() {
    for (rows, count, inner) in SHAPES {
        let channels = Channels { count, inner };
        let length = rows as usize * (count * inner) as usize;
        let (x, dy) = (data(Activation::Relu, length, 1), upstream(length, 1));
        let finite = |values: Vec<f32>| -> Vec<f32> {
            values.into_iter().map(|v| if v.abs() < 1e9 { v } else { -1.5 }).collect()
        };
        let (x, dy) = (finite(x), finite(dy));
        let weights = gpu().upload(&slopes(count)).unwrap();
        let prelu = GpuPrelu::with_channels(gpu(), &weights, channels);
        let [x, dy] = [&x, &dy].map(|values| gpu().upload(values).unwrap());
        for shift in [0, 1] {
            let mut random = random_words(5);
            let mut old = |n: usize| -> Vec<f32> {
                (0..n + shift + 3).map(|_| random() as i32 as f32 / 1e9).collect()
            };
            let mut check = |new: &wgpu_relu::wgpu::Buffer, add: &dyn Fn(View<'_>)| {
                let new = gpu().download(new).unwrap();
                let mut expected = old(new.len());
                let sums = gpu().upload(&expected).unwrap();
                add(View::elements::<f32>(&sums, shift as u64, new.len() as u64));
                expected[shift..].iter_mut().zip(&new).for_each(|(old, new)| *old += new);
                let found = gpu().download(&sums).unwrap();
                assert_eq!(found, expected, "{rows} x {count} x {inner}, from {shift} on");
            };
            let adding = prelu.accumulating();
            check(&prelu.gradient(&x, &dy).unwrap(), &|dx| {
                adding.gradient_into(&x, &dy, dx).unwrap();
            });
            if shift == 0 {
                let dw = prelu.weight_gradient(&x, &dy).unwrap();
                check(&dw, &|dw| adding.weight_gradient_into(&x, &dy, dw).unwrap());
                let new = adding.weight_gradient(&x, &dy).unwrap();
                let [new, dw] = [&new, &dw].map(|sums| gpu().download(sums).unwrap());
                // A device may flush a subnormal that it adds.
                let same = |(new, dw): (&f32, &f32)| (new - dw).abs() < f32::MIN_POSITIVE;
                assert!(new.iter().zip(&dw).all(same), "{rows} x {count} x {inner}");
            }
        }
    }
    // Without elements, nothing is added.
    let [weight, dw] = [0.25, 3.0].map(|value| gpu().upload(&[value]).unwrap());
    let nothing = gpu().upload(&[]).unwrap();
    let prelu = GpuPrelu::new(gpu(), &weight).accumulating();
    prelu.weight_gradient_into(&nothing, &nothing, &dw).unwrap();
    assert_eq!(gpu().download(&dw).unwrap(), [3.0]);
}

#[test]
fn a_positive_input_adds_nothing_and_a_nan_is_told() {
    let weight = gpu().upload(&[0.25]).unwrap();
    let prelu = GpuPrelu::new(gpu(), &weight);
    let dw = |x: &[f32], dy: &[f32]| {
        let (x, dy) = (gpu().upload(x).unwrap(), gpu().upload(dy).unwrap());
        gpu().download(&prelu.weight_gradient(&x, &dy).unwrap()).unwrap()[0]
    };
    assert_eq!(dw(&[1.0, f32::INFINITY, 2.0], &[f32::INFINITY, f32::NAN, -3.0]), 0.0);
    assert_eq!(dw(&[-1.0, -2.0, 5.0], &[3.0, 4.0, 5.0]), -11.0);
    assert!(dw(&[-1.0, f32::NAN], &[1.0, 1.0]).is_nan());
    assert_eq!(dw(&[], &[]), 0.0);
    let halves = gpu().upload_elements(&[f16::ONE; 2]).unwrap();
    let none = View::elements::<f16>(&halves, 1, 0);
    let dw = prelu.with_element(ElementType::F16).weight_gradient(none, none).unwrap();
    assert_eq!(gpu().download(&dw).unwrap(), [0.0]);
}

/// The gradients belong to the computed y: they equal differences of a loss in f64.
#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let (channels, rows) = (Channels { count: 3, inner: 2 }, 4);
    let length = 6 * rows;
    let mut random = random_words(3);
    let mut numbers = |n: usize| (0..n).map(|_| random() as i32 as f32 / 1e9).collect::<Vec<_>>();
    let (x, dy, slopes) = (numbers(length), numbers(length), numbers(3));
    let loss = |x: &[f64], slopes: &[f64]| -> f64 {
        let one = |i: usize| {
            let slope = slopes[i / 2 % 3];
            f64::from(dy[i]) * if x[i] > 0.0 { x[i] } else { slope * x[i] }
        };
        (0..length).map(one).sum()
    };
    let weights = gpu().upload(&slopes).unwrap();
    let prelu = GpuPrelu::with_channels(gpu(), &weights, channels);
    let [x_buffer, dy_buffer] = [&x, &dy].map(|values| gpu().upload(values).unwrap());
    let dx = gpu().download(&prelu.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
    let dw = gpu().download(&prelu.weight_gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
    let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    let (x, slopes) = (wide(&x), wide(&slopes));
    let h = 1e-6;
    for (i, dx) in dx.iter().enumerate() {
        let at = |h: f64| {
            let mut x = x.clone();
            x[i] += h;
            loss(&x, &slopes)
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        assert!((f64::from(*dx) - slope).abs() < 1e-6, "dx {i}: {dx}, not {slope}");
    }
    for (i, dw) in dw.iter().enumerate() {
        let at = |h: f64| {
            let mut slopes = slopes.clone();
            slopes[i] += h;
            loss(&x, &slopes)
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        assert!((f64::from(*dw) - slope).abs() < 1e-6, "dw {i}: {dw}, not {slope}");
    }
}

#[test]
fn halves_and_strides_have_slopes_too() {
    let (rows, units, pitch) = (50u64, 24u64, 32u64);
    let weights = gpu().upload(&slopes(24)).unwrap();
    let prelu = GpuPrelu::with_channels(gpu(), &weights, Channels::last(24));
    let mut random = random_words(9);
    let x: Vec<f16> =
        (0..rows * pitch).map(|_| f16::from_f32(random() as i32 as f32 / 1e9)).collect();
    let of_f16 = prelu.with_element(ElementType::F16);
    let buffer = gpu().upload_elements(&x).unwrap();
    let view = View::strided::<f16, 2>(&buffer, 0, [rows, units], [pitch, 1]);
    let y = gpu().download_elements::<f16>(&of_f16.apply(view).unwrap()).unwrap();
    let packed: Vec<f16> =
        x.chunks(pitch as usize).flat_map(|row| &row[..units as usize]).copied().collect();
    for (i, (x, y)) in packed.iter().zip(&y).enumerate() {
        let slope = slopes(24)[i % 24];
        let leaky = Activation::LeakyRelu { negative_slope: slope };
        let expected = f16::from_f32(reference::forward(leaky, &[x.to_f32()])[0]);
        assert_eq!(*y, expected, "element {i}");
    }
}

/// An optimiser changes the slopes, and the prepared operation reads the new ones.
#[test]
fn slopes_may_change_between_uses() {
    let weight = gpu().upload(&[0.5]).unwrap();
    let (x, y) = (gpu().upload(&[-2.0, 3.0]).unwrap(), gpu().upload(&[0.0; 2]).unwrap());
    let step = GpuPrelu::new(gpu(), &weight).prepare(&x, &y).unwrap();
    let rrelu = Activation::Rrelu { lower: 0.0, upper: 0.0 };
    let error = step.set_activation(rrelu).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    for slope in [0.5, -1.0] {
        gpu().upload_into(&[slope], &weight).unwrap();
        let mut encoder = gpu().device().create_command_encoder(&Default::default());
        step.record(&mut encoder.begin_compute_pass(&Default::default()));
        gpu().queue().submit([encoder.finish()]);
        assert_eq!(gpu().download(&y).unwrap(), [-2.0 * slope, 3.0]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let [x, weights] = [vec![1.0; 12], vec![0.5; 3]].map(|v| gpu().upload(&v).unwrap());
    let prelu = |count, inner| GpuPrelu::with_channels(gpu(), &weights, Channels { count, inner });
    let error = prelu(4, 1).apply(&x).unwrap_err();
    let operand = Operand::Weight;
    assert_eq!(error, Error::ChannelLength { operand, length: 3, channels: 4 });
    let error = prelu(3, 5).apply(&x).unwrap_err();
    assert_eq!(error, Error::Channels { length: 12, channels: 3, inner: 5 });
    let error = prelu(3, 1).apply_into(x.slice(0..12), weights.slice(..)).unwrap_err();
    assert_eq!(error, Error::SharedBuffer { operand, written: Operand::Y });
    let error = prelu(3, 1).weight_gradient_into(&x, &x, x.slice(0..12)).unwrap_err();
    assert_eq!(error, Error::SharedBuffer { operand: Operand::X, written: Operand::Dw });
    let error = prelu(3, 1).weight_gradient_into(&x, &x, weights.slice(0..8)).unwrap_err();
    assert_eq!(error, Error::ChannelLength { operand: Operand::Dw, length: 2, channels: 3 });
    let error = prelu(3, 1).weight_gradient(View::rows_of::<f32>(&x, 0, 3, 2, 6), &x).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::X });
    let error = prelu(3, 1).weight_gradient(&x, x.slice(0..24)).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { operand: Operand::Dy, .. }), "{error}");
    let (device, queue) = crate::own_device(|limits| {
        limits.max_storage_buffer_binding_size = 1 << 14;
    });
    let small = Gpu::from_device(&device, &queue);
    let x = small.upload(&vec![-1.0; 20_000]).unwrap();
    let weights = small.upload(&vec![0.5; 10_000]).unwrap();
    let wide = GpuPrelu::with_channels(&small, &weights, Channels::last(10_000));
    // No binding holds a row.
    let dw = wide.weight_gradient(&x, &x).unwrap();
    assert_eq!(small.download(&dw).unwrap(), [2.0; 10_000]);
}
