//! Concatenated units: each half equals the plain operator, and both equal the reference.

use testkit::inputs::{data, random_words, upstream};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{
    Activation, Channels, Element, ElementType, Error, Gpu, GpuCrelu, GpuRelu, Operand, View,
    reference, wgpu,
};

use crate::harness::compare_values;
use crate::{bits, gpu, own_device};

/// Rows, and the axis's count and inner: dense layers, images, one row, halves of odd length.
const SHAPES: [(usize, u32, u32); 9] = [
    (1, 1, 1),
    (7, 1, 3),
    (5, 64, 1),
    (33, 3, 1),
    (3, 4, 25),
    (2, 1, 1000),
    (1, 3001, 1),
    (40, 8, 3),
    (1, 4100, 1),
];

/// Joins [first, second] along an axis. Each has `half` elements per row.
fn joined<T: Copy>(first: &[T], second: &[T], half: usize) -> Vec<T> {
    let rows = first.chunks(half).zip(second.chunks(half));
    rows.flat_map(|(a, b)| [a, b].concat()).collect()
}

/// The halves of y.
fn parted<T: Copy>(y: &[T], half: usize) -> [Vec<T>; 2] {
    [0, 1].map(|part| y.chunks(half).skip(part).step_by(2).flatten().copied().collect())
}

fn negated(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| -x).collect()
}

/// The gradients of the plain operator for x and for -x, subtracted in f32.
fn expected_gradient(f: &GpuRelu, x: &[f32], [dy, minus]: [&[f32]; 2]) -> Vec<f32> {
    let plain = |x: &[f32], dy: &[f32]| {
        let [x, dy] = [x, dy].map(|values| gpu().upload(values).unwrap());
        gpu().download(&f.gradient(&x, &dy).unwrap()).unwrap()
    };
    let (dx, minus) = (plain(x, dy), plain(&negated(x), minus));
    dx.iter().zip(minus).map(|(dx, minus)| dx - minus).collect()
}

/// All NaNs count as equal, and so do 0 and -0. Devices may flush subnormal numbers.
fn assert_same(found: &[f32], expected: &[f32], case: &str) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let tiny = found.abs().max(expected.abs()) < 4.0 * f32::MIN_POSITIVE;
        let same = found == expected || (found.is_nan() && expected.is_nan());
        assert!(same || tiny, "{case}: element {i} is {found:e}, not {expected:e}");
    }
}

#[test]
fn halves_are_the_activation_of_x_and_of_its_negative() {
    for &activation in Activation::ALL {
        let crelu = GpuCrelu::with_activation(gpu(), activation).unwrap();
        let f = GpuRelu::with_activation(gpu(), activation).unwrap();
        for (rows, count, inner) in [(1, 6007, 1), (13, 24, 20)] {
            let case = format!("{activation} {rows} x {count} x {inner}");
            let axis = Channels { count, inner };
            let (half, length) = ((count * inner) as usize, rows * (count * inner) as usize);
            let x = data(activation, length, 1);
            let dy = [upstream(length, 1), upstream(length, 2)];
            let x_buffer = gpu().upload(&x).unwrap();
            let y = gpu().download(&crelu.apply(&x_buffer, axis).unwrap()).unwrap();
            let [first, second] = parted(&y, half);
            compare_values(gpu(), activation, &x, &first)
                .and(compare_values(gpu(), activation, &negated(&x), &second))
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            for (x, y) in [(&x, &first), (&negated(&x), &second)] {
                let plain = f.apply(&gpu().upload(x).unwrap()).unwrap();
                assert_eq!(bits(y), bits(&gpu().download(&plain).unwrap()), "{case}");
            }
            let both = gpu().upload(&joined(&dy[0], &dy[1], half)).unwrap();
            let dx = gpu().download(&crelu.gradient(&x_buffer, &both, axis).unwrap()).unwrap();
            assert_same(&dx, &expected_gradient(&f, &x, [&dy[0], &dy[1]]), &case);
        }
    }
}

fn check_shapes<X: Element, Y: Element>(activation: Activation) {
    let f = GpuRelu::with_activation(gpu(), activation).unwrap();
    let crelu = GpuCrelu::with_activation(gpu(), activation).unwrap();
    let crelu = crelu.with_element(X::TYPE).with_output_element(Y::TYPE);
    let widened = |values: &[X]| values.iter().map(|x| x.to_f32()).collect::<Vec<f32>>();
    for (rows, count, inner) in SHAPES {
        let case = format!("{activation} {} {} {rows} x {count} x {inner}", X::TYPE, Y::TYPE);
        let axis = Channels { count, inner };
        let (half, length) = ((count * inner) as usize, rows * (count * inner) as usize);
        let mut random = random_words(length as u64);
        let mut number = || random() as i32 as f32 / (1 << 29) as f32;
        let x: Vec<X> = (0..length).map(|_| X::from_f32(number())).collect();
        let dy: Vec<Y> = (0..2 * length).map(|_| Y::from_f32(number())).collect();
        let old: Vec<X> = (0..length).map(|_| X::from_f32(number())).collect();
        let of_x = widened(&x);
        let both = dy.iter().map(|dy| dy.to_f32()).collect::<Vec<f32>>();
        let [first, second] = parted(&both, half);
        let gradient = expected_gradient(&f, &of_x, [&first, &second]);
        let value = |x: &[f32]| {
            let y = gpu().download(&f.apply(&gpu().upload(x).unwrap()).unwrap()).unwrap();
            y.into_iter().map(|y| Y::from_f32(y).to_f32()).collect::<Vec<f32>>()
        };
        let y_expected = joined(&value(&of_x), &value(&negated(&of_x)), half);
        let rounded: Vec<f32> = gradient.iter().map(|&dx| X::from_f32(dx).to_f32()).collect();
        let sums = old.iter().zip(&gradient).map(|(old, dx)| X::from_f32(old.to_f32() + dx));
        let sums: Vec<f32> = sums.map(|sum| sum.to_f32()).collect();
        for shift in [0, 1, 4] {
            fn padded<T: Element>(values: &[T], shift: usize) -> wgpu::Buffer {
                let seven = |n: usize| vec![T::from_f32(7.0); n];
                let end = 9 + (shift + values.len()) % 2;
                let all = [seven(shift), values.to_vec(), seven(end)].concat();
                gpu().upload_elements(&all).unwrap()
            }
            fn inside<T: Element>(buffer: &wgpu::Buffer, shift: usize, length: usize) -> Vec<f32> {
                let all = gpu().download_elements::<T>(buffer).unwrap();
                let all: Vec<f32> = all.iter().map(|value| value.to_f32()).collect();
                let beside = all[..shift].iter().chain(&all[shift + length..shift + length + 9]);
                assert!(beside.into_iter().all(|&value| value == 7.0));
                all[shift..shift + length].to_vec()
            }
            let (x_buffer, dy_buffer) = (padded(&x, 0), padded(&dy, shift));
            let (y_buffer, dx_buffer) = (padded(&dy, shift), padded(&old, shift));
            let x_view = View::elements::<X>(&x_buffer, 0, length as u64);
            let dx_view = View::elements::<X>(&dx_buffer, shift as u64, length as u64);
            let of_y = |buffer| View::elements::<Y>(buffer, shift as u64, 2 * length as u64);
            crelu.apply_into(x_view, axis, of_y(&y_buffer)).unwrap();
            assert_same(&inside::<Y>(&y_buffer, shift, 2 * length), &y_expected, &case);
            let adding = crelu.accumulating();
            adding.gradient_into(x_view, of_y(&dy_buffer), axis, dx_view).unwrap();
            assert_same(&inside::<X>(&dx_buffer, shift, length), &sums, &case);
            crelu.gradient_into(x_view, of_y(&dy_buffer), axis, dx_view).unwrap();
            assert_same(&inside::<X>(&dx_buffer, shift, length), &rounded, &case);
            crelu.gradient_into(x_view, of_y(&dy_buffer), axis, x_view).unwrap();
            assert_same(&inside::<X>(&x_buffer, 0, length), &rounded, &case);
        }
    }
}

#[test]
fn every_axis_offset_and_element_type() {
    check_shapes::<f32, f32>(Activation::Relu);
    check_shapes::<f32, f32>(Activation::Silu);
    check_shapes::<f16, f16>(Activation::Elu { alpha: 1.0 });
    check_shapes::<bf16, bf16>(Activation::Relu);
    check_shapes::<f32, f16>(Activation::Relu);
    check_shapes::<bf16, f32>(Activation::Tanh);
}

#[test]
fn a_nan_is_in_both_halves_and_a_dead_side_stops_all() {
    let crelu = GpuCrelu::new(gpu());
    let x = gpu().upload(&[f32::NAN, 0.0, -0.0, f32::INFINITY, -1.0]).unwrap();
    let axis = Channels::last(5);
    let y = gpu().download(&crelu.apply(&x, axis).unwrap()).unwrap();
    assert!(y[0].is_nan() && y[5].is_nan(), "{y:?}");
    assert_eq!(y[1..5], [0.0, 0.0, f32::INFINITY, 0.0]);
    assert_eq!(y[6..], [0.0, 0.0, 0.0, 1.0]);
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let dy = [1.0, inf, nan, 2.0, nan, 3.0, nan, inf, nan, 4.0];
    let dx = crelu.gradient(&x, &gpu().upload(&dy).unwrap(), axis).unwrap();
    // relu's derivative is 1 for NaN, and 0 at 0 and -0.
    assert_eq!(gpu().download(&dx).unwrap(), [1.0 - 3.0, 0.0, 0.0, 2.0, -4.0]);
}

/// The gradient of y equals differences of a loss in f64.
#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    let activation = Activation::Silu;
    let (x, dy) = ([0.3f32, -1.2, 2.0], [0.5f32, -2.0, 1.5, 3.0, 0.25, -1.0]);
    let loss = |i: usize, x: f64| {
        let f = |x: f64| x / (1.0 + (-x).exp());
        f64::from(dy[i]) * f(x) + f64::from(dy[i + 3]) * f(-x)
    };
    let crelu = GpuCrelu::with_activation(gpu(), activation).unwrap();
    let [x_buffer, dy_buffer] = [&x[..], &dy[..]].map(|v| gpu().upload(v).unwrap());
    let dx = crelu.gradient(&x_buffer, &dy_buffer, Channels::last(3)).unwrap();
    for (i, dx) in gpu().download(&dx).unwrap().into_iter().enumerate() {
        let (at, h) = (f64::from(x[i]), 1e-5);
        let slope = (loss(i, at + h) - loss(i, at - h)) / (2.0 * h);
        assert!((f64::from(dx) - slope).abs() < 1e-6, "dx {i}: {dx}, not {slope}");
        let exact = f64::from(dy[i]) * reference::derivative(activation, x[i])
            - f64::from(dy[i + 3]) * reference::derivative(activation, -x[i]);
        assert!((f64::from(dx) - exact).abs() < 1e-6, "dx {i}: {dx}, not {exact}");
    }
}

/// Also past the device's binding limit, and with all in one buffer.
#[test]
fn one_buffer_holds_all_and_x_may_be_in_rows() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 1 << 16);
    let small = Gpu::from_device(&device, &queue);
    for (gpu, n, offset) in [(gpu(), 1000u64, 1u64), (gpu(), 77, 4), (&small, 9001, 3)] {
        let mut random = random_words(n);
        let values: Vec<f32> =
            (0..6 * n + 20).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect();
        let buffer = gpu.upload(&values).unwrap();
        let part =
            |from: u64, length: u64| View::elements::<f32>(&buffer, offset + from * n, length * n);
        let (crelu, axis) = (GpuCrelu::new(gpu), Channels { count: 1, inner: n as u32 });
        crelu.apply_into(part(0, 1), axis, part(1, 2)).unwrap();
        crelu.gradient_into(part(0, 1), part(3, 2), axis, part(5, 1)).unwrap();
        let found = gpu.download(&buffer).unwrap();
        let mut expected = values.clone();
        for i in 0..n as usize {
            let at = |part: usize| offset as usize + part * n as usize + i;
            let x = values[at(0)];
            (expected[at(1)], expected[at(2)]) = (x.max(0.0), (-x).max(0.0));
            expected[at(5)] = if x > 0.0 { values[at(3)] } else { -values[at(4)] };
        }
        assert_eq!(found, expected, "{n} from {offset} on");
    }
    let values: Vec<f32> = (0..64).map(|i| (i % 7) as f32 - 3.0).collect();
    let x = gpu().upload(&values).unwrap();
    let rows = View::rows_of::<f32>(&x, 2, 5, 8, 8);
    let y = GpuCrelu::new(gpu()).apply(rows, Channels::last(5)).unwrap();
    let y = gpu().download(&y).unwrap();
    let packed: Vec<f32> = values.chunks(8).flat_map(|row| &row[2..7]).copied().collect();
    let [first, second] = [packed.clone(), negated(&packed)]
        .map(|values| values.into_iter().map(|x| x.max(0.0)).collect::<Vec<f32>>());
    assert_eq!(y, joined(&first, &second, 5));
}

#[test]
fn what_does_not_fit_is_refused() {
    let crelu = GpuCrelu::new(gpu());
    let [x, y] = [6, 12].map(|n| gpu().upload(&vec![1.0; n]).unwrap());
    let error = crelu.apply(&x, Channels::last(4)).unwrap_err();
    assert_eq!(error, Error::Channels { length: 6, channels: 4, inner: 1 });
    let error = crelu.apply_into(&x, Channels::last(3), y.slice(0..40)).unwrap_err();
    assert_eq!(error, Error::Channels { length: 10, channels: 6, inner: 1 });
    let error = crelu.apply_into(&x, Channels::last(3), &x).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { operand: Operand::Y, .. }), "{error}");
    let rows = View::rows_of::<f32>(&y, 0, 2, 3, 4);
    let error = crelu.gradient(x.slice(0..12), rows, Channels::last(1)).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::Dy });
    let rows = View::rows_of::<f32>(&y, 0, 2, 3, 4);
    let error = crelu.apply(rows, Channels::last(3)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let error = crelu.apply_into(y.slice(4..28), Channels::last(3), &y).unwrap_err();
    assert!(matches!(error, Error::Overlap { input: Operand::X, .. }), "{error}");
    let mixed = crelu.with_output_element(ElementType::F16);
    let error = mixed.apply_into(y.slice(0..8), Channels::last(2), y.slice(8..16)).unwrap_err();
    assert_eq!(error, Error::SharedBuffer { operand: Operand::X, written: Operand::Y });
    let bad = GpuCrelu::with_activation(gpu(), Activation::Elu { alpha: f32::NAN }).unwrap_err();
    assert!(matches!(bad, Error::InvalidParameter { .. }), "{bad}");
    let nothing = gpu().upload(&[]).unwrap();
    assert_eq!(crelu.apply(&nothing, Channels::last(4)).unwrap().size(), 0);
    assert_eq!(crelu.gradient(&nothing, &nothing, Channels::last(4)).unwrap().size(), 0);
}
