//! Statistics of units, against sums in f64.

use testkit::inputs::random_words;
use wgpu_relu::{
    Activation, Channels, Element, Error, Fusion, Gpu, GpuRelu, Unit, UnitMonitor, View, wgpu,
};

use crate::{gpu, own_device};

/// Numbers from -2 to 2.
fn numbers(length: usize, seed: u64) -> Vec<f32> {
    let mut random = random_words(seed);
    (0..length).map(|_| random() as i32 as f32 / (1 << 30) as f32).collect()
}

fn expected(y: &[f32], channels: Channels, band: impl Fn(f32) -> (bool, bool)) -> Vec<Unit> {
    let (count, inner) = (channels.count as usize, channels.inner as usize);
    let unit = |channel: usize| {
        let all: Vec<f32> =
            (0..y.len()).filter(|i| i / inner % count == channel).map(|i| y[i]).collect();
        let finite: Vec<f32> = all.iter().copied().filter(|y| y.is_finite()).collect();
        let n = finite.len().max(1) as f64;
        let mean = finite.iter().map(|&y| f64::from(y)).sum::<f64>() / n;
        let mut unit = Unit::default();
        unit.finite = finite.len() as u64;
        unit.not_finite = (all.len() - finite.len()) as u64;
        unit.zeros = finite.iter().filter(|&&y| y == 0.0).count() as u64;
        unit.at_lower_bound = finite.iter().filter(|&&y| band(y).0).count() as u64;
        unit.at_upper_bound = finite.iter().filter(|&&y| band(y).1).count() as u64;
        unit.mean = mean;
        unit.variance = finite.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>() / n;
        unit
    };
    (0..count).map(unit).collect()
}

fn assert_same(found: &[Unit], expected: &[Unit], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let counts = |unit: &Unit| {
            [unit.finite, unit.zeros, unit.at_lower_bound, unit.at_upper_bound, unit.not_finite]
        };
        assert_eq!(counts(found), counts(expected), "{what}, unit {i}");
        let scale = expected.variance.sqrt() + expected.mean.abs();
        assert!((found.mean - expected.mean).abs() <= 1e-5 * scale, "{what}, unit {i}: {found:?}");
        let off = (found.variance - expected.variance).abs();
        assert!(off <= 1e-4 * expected.variance, "{what}, unit {i}: {found:?} for {expected:?}");
    }
}

const SHAPES: [(usize, u32, u32); 9] = [
    (1, 3, 2),
    (1, 1, 1),
    (64, 128, 1),
    (700, 3, 1),
    (5, 7, 9),
    (3, 64, 16),
    (2, 2, 5000),
    (40_000, 2, 1),
    (300, 5, 70),
];

#[test]
fn statistics_are_those_of_each_channel() {
    let gpu = gpu();
    for (seed, (rows, count, inner)) in (1..).zip(SHAPES) {
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let x = numbers(length, seed);
        // The first channel is dead, and some elements are not finite.
        let first = |i: usize| (i / inner as usize).is_multiple_of(count as usize);
        let relu = |(i, &x): (usize, &f32)| match i {
            5 => f32::NAN,
            11 => f32::NEG_INFINITY,
            _ if first(i) => 0.0,
            _ => x.max(0.0),
        };
        let y: Vec<f32> = x.iter().enumerate().map(relu).collect();
        // At an offset.
        let mut placed = vec![9.0; 3];
        placed.extend(&y);
        let buffer = gpu.upload(&placed).unwrap();
        let view = View::elements::<f32>(&buffer, 3, length as u64);
        let found = gpu.units(view, channels, Activation::Relu).unwrap();
        let what = format!("relu, {rows} x {count} x {inner}");
        assert_same(&found, &expected(&y, channels, |_| (false, false)), &what);

        let sigmoid = |y: f32| (y.abs() <= 0.01, (y - 1.0).abs() <= 0.01);
        let buffer = gpu.upload(&x).unwrap();
        let found = gpu.units(&buffer, channels, Activation::Sigmoid).unwrap();
        assert_same(&found, &expected(&x, channels, sigmoid), "as of sigmoid");
    }
}

fn of_halves<T: Element>() {
    let gpu = gpu();
    for (seed, (rows, count, inner)) in (1..).zip(SHAPES) {
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let tanh = |y: f32| ((y + 1.0).abs() <= 0.02, (y - 1.0).abs() <= 0.02);
        let mut x: Vec<T> = numbers(length + 3, seed).into_iter().map(T::from_f32).collect();
        x[3] = T::from_f32(0.0);
        x.resize(length + 4, x[0]);
        let buffer = gpu.upload_elements(&x).unwrap();
        let view = View::elements::<T>(&buffer, 3, length as u64);
        let found = gpu.units_elements::<T>(view, channels, Activation::Tanh).unwrap();
        let wide: Vec<f32> = x[3..length + 3].iter().map(|x| x.to_f32()).collect();
        let what = format!("{} {rows} x {count} x {inner}", T::TYPE);
        assert_same(&found, &expected(&wide, channels, tanh), &what);
    }
}

#[test]
fn statistics_of_halves() {
    of_halves::<wgpu_relu::half::f16>();
    of_halves::<wgpu_relu::half::bf16>();
}

#[test]
fn only_bounds_saturate() {
    let gpu = gpu();
    let hundred = Activation::Hardtanh { min_val: -100.0, max_val: 100.0 };
    let widest = Activation::Hardtanh { min_val: f32::MIN, max_val: f32::MAX };
    for (activation, y, low, high) in [
        (Activation::Relu, 0.0, 0, 0),
        (Activation::Gelu, -0.0, 0, 0),
        (Activation::Relu6, 6.0, 0, 1),
        (Activation::Relu6, 0.0, 1, 0),
        (Activation::Relu6, 5.9, 0, 0),
        (Activation::Tanh, -0.99, 1, 0),
        (Activation::Tanh, 0.97, 0, 0),
        (Activation::Elu { alpha: 2.0 }, -1.99, 1, 0),
        (Activation::Elu { alpha: 2.0 }, 1.99, 0, 0),
        (Activation::LeakyRelu { negative_slope: 0.1 }, 0.0, 0, 0),
        // The bands are from -102 to -98 and from 98 to 102.
        (hundred, -98.0, 1, 0),
        (hundred, (-98.0f32).next_up(), 0, 0),
        (hundred, 98.0, 0, 1),
        (hundred, 98.0f32.next_down(), 0, 0),
        // The ends of these bands overflow.
        (widest, f32::MAX, 0, 1),
        (widest, f32::INFINITY, 0, 0),
        (widest, f32::NEG_INFINITY, 0, 0),
    ] {
        let buffer = gpu.upload(&[y]).unwrap();
        let unit = gpu.units(&buffer, Channels::last(1), activation).unwrap()[0];
        let found = (unit.at_lower_bound, unit.at_upper_bound);
        assert_eq!(found, (low, high), "{activation} at {y:e}");
    }
}

/// A mean far from 0 costs the variance no digits.
#[test]
fn variances_survive_large_means() {
    let (gpu, channels) = (gpu(), Channels::last(4));
    let y: Vec<f32> = numbers(100_000, 3).iter().map(|x| 1000.0 + x).collect();
    let found = gpu.units(&gpu.upload(&y).unwrap(), channels, Activation::Relu).unwrap();
    for (found, expected) in found.iter().zip(expected(&y, channels, |_| (false, false))) {
        assert!((found.variance / expected.variance - 1.0).abs() < 1e-2, "{found:?}");
    }
}

/// The same where the first elements of a channel are not finite, by four channels at once and by one.
#[test]
fn variances_survive_large_means_behind_nan() {
    let (gpu, channels) = (gpu(), Channels::last(8));
    let number = |(i, x): (usize, &f32)| match i {
        0..16 => f32::NAN,
        16..20 => f32::INFINITY,
        _ => 1e5 + x,
    };
    let mut y = vec![0.0];
    // 59 rows, which are no multiple of four.
    y.extend(numbers(8 * 59, 12).iter().enumerate().map(number));
    let one = gpu.upload(&y).unwrap();
    let one = View::elements::<f32>(&one, 1, 8 * 59);
    let one = gpu.units(one, channels, Activation::Relu).unwrap();
    let four = gpu.upload(&y[1..]).unwrap();
    let four = gpu.units(&four, channels, Activation::Relu).unwrap();
    assert_eq!(one, four);
    for (found, expected) in one.iter().zip(expected(&y[1..], channels, |_| (false, false))) {
        assert_eq!((found.finite, found.not_finite), (expected.finite, expected.not_finite));
        assert!((found.variance / expected.variance - 1.0).abs() < 2e-2, "{found:?}");
    }
}

/// As far as the documentation says.
#[test]
fn large_outputs_have_a_mean_and_an_end_of_the_variance() {
    let (gpu, channels) = (gpu(), Channels::last(1));
    for (magnitude, rows, finite) in
        [(1e16, 1_000_000, true), (5e18, 3, true), (1e20, 300, false), (1.6e38, 300, false)]
    {
        let y: Vec<f32> =
            (0..rows).map(|i| if i % 3 == 0 { -magnitude } else { magnitude }).collect();
        let found = gpu.units(&gpu.upload(&y).unwrap(), channels, Activation::Relu).unwrap()[0];
        let expected = expected(&y, channels, |_| (false, false))[0];
        assert!(
            (found.mean / expected.mean - 1.0).abs() < 1e-4,
            "{magnitude}: {found:?} for {expected:?}"
        );
        assert_eq!(found.variance.is_finite(), finite, "{magnitude}: {found:?}");
        assert!(!found.variance.is_nan(), "{magnitude}: {found:?}");
        if finite {
            assert!(
                (found.variance / expected.variance - 1.0).abs() < 1e-3,
                "{found:?} for {expected:?}"
            );
        }
    }
}

#[test]
fn many_dispatches_and_many_runs_agree() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 1 << 16);
    let small = Gpu::from_device(&device, &queue);
    for (rows, count, inner) in [(5000, 7, 3), (3, 2, 9000), (60_000, 1, 1), (3, 5000, 1)] {
        let channels = Channels { count, inner };
        let y = numbers(rows * (count * inner) as usize, 8);
        let buffer = small.upload(&y).unwrap();
        let found = small.units(&buffer, channels, Activation::Tanh);
        let Ok(found) = found else { panic!("{rows} x {count} x {inner}: {found:?}") };
        let tanh = |y: f32| ((y + 1.0).abs() <= 0.02, (y - 1.0).abs() <= 0.02);
        assert_same(&found, &expected(&y, channels, tanh), "in small bindings");
        assert_eq!(found, small.units(&buffer, channels, Activation::Tanh).unwrap());
    }
}

#[test]
fn a_monitor_looks_back_over_its_window() {
    let (gpu, channels) = (gpu(), Channels::last(3));
    let y = gpu.upload(&[0.0; 6]).unwrap();
    let mut monitor =
        UnitMonitor::new(gpu, &y, channels, Activation::Relu).unwrap().window(2).threshold(0.7);
    assert_eq!(monitor.report().units, []);
    for (step, dead, silent) in [
        ([0.0, 1.0, 0.0, 0.0, 2.0, 0.0], vec![0, 2], vec![0, 2]),
        ([0.0, 0.0, 3.0, 0.0, 0.0, 0.0], vec![0], vec![0, 2]),
        ([0.0, 0.0, 3.0, 0.0, 0.0, 3.0], vec![0, 1], vec![0, 1]),
        ([5.0, 0.0, 3.0, 5.0, 0.0, 3.0], vec![1], vec![1]),
    ] {
        gpu.upload_into(&step, &y).unwrap();
        monitor.observe().unwrap();
        let report = monitor.report();
        assert_eq!((report.dead(), report.silent()), (dead, silent), "{step:?}");
    }
    let report = monitor.report();
    assert_eq!(report.to_string(), "3 units over 2 steps: 1 dead (1); 0 saturated; 50.0 % zeros");
    assert_eq!(report.units[2].mean, 3.0);
    assert_eq!((report.units[0].mean, report.units[0].variance), (2.5, 6.25));
    monitor.reset();
    assert_eq!(monitor.report().steps, 0);
}

/// y is that of the operator, bit for bit, and the statistics are those of y.
#[test]
fn a_layer_makes_its_statistics_on_the_way() {
    let gpu = gpu();
    for (index, &activation) in Activation::ALL.iter().enumerate() {
        let operator = GpuRelu::with_activation(gpu, activation).unwrap();
        for (seed, (rows, count, inner)) in (1..).zip(SHAPES) {
            // All shapes for some activations, and some shapes for all.
            if index > 4 && seed as usize % 5 != index % 5 {
                continue;
            }
            let channels = Channels { count, inner };
            let length = rows * (count * inner) as usize;
            let mut x = numbers(length + 3, seed);
            x[3] = f32::NAN;
            let x = gpu.upload(&x).unwrap();
            let x = View::elements::<f32>(&x, 3, length as u64);
            let bias = gpu.upload(&numbers(count as usize + 1, seed + 50)).unwrap();
            let bias = View::elements::<f32>(&bias, 1, count.into());
            let y = gpu.upload(&vec![7.5; length + 2]).unwrap();
            let y_view = View::elements::<f32>(&y, 1, length as u64);
            let records = gpu.upload(&vec![0.0; 8 * count as usize]).unwrap();
            let step = operator.prepare_with_units(x, bias, channels, y_view, &records).unwrap();
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            step.record(&mut encoder.begin_compute_pass(&Default::default()));
            gpu.queue().submit([encoder.finish()]);

            let fused = Fusion::new().channel_bias(bias, channels);
            let expected = gpu.download(&operator.apply_fused(x, fused).unwrap()).unwrap();
            let found = gpu.download(&y).unwrap();
            let what = format!("{activation} {rows} x {count} x {inner}");
            assert_eq!((found[0], found[length + 1]), (7.5, 7.5), "{what} wrote beside y");
            let bits = |values: &[f32]| -> Vec<u32> {
                values.iter().map(|y| if y.is_nan() { 0x7fc0_0000 } else { y.to_bits() }).collect()
            };
            assert_eq!(bits(&found[1..=length]), bits(&expected), "{what}");
            let alone = gpu.units(y_view, channels, activation).unwrap();
            assert_eq!(Unit::from_records(&gpu.download(&records).unwrap()), alone, "{what}");
        }
    }
}

#[test]
fn a_layer_in_small_bindings() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 1 << 16);
    let gpu = Gpu::from_device(&device, &queue);
    let relu = GpuRelu::new(&gpu);
    // The dispatches of the last shape start at other channels than the first.
    for (rows, count, inner) in [(5000, 7, 3), (2, 3, 300), (1, 3, 500), (1, 7, 5000)] {
        let channels = Channels { count, inner };
        let x = gpu.upload(&numbers(rows * (count * inner) as usize, 4)).unwrap();
        let bias = gpu.upload(&numbers(count as usize, 5)).unwrap();
        let (y, records) = (gpu.upload(&vec![0.0; x.size() as usize / 4]), gpu.upload(&[0.0; 56]));
        let (y, records) = (y.unwrap(), records.unwrap());
        let records = View::elements::<f32>(&records, 0, 8 * u64::from(count));
        let step = relu.prepare_with_units(&x, &bias, channels, &y, records).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        step.record(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);
        let fused = relu.apply_fused(&x, Fusion::new().channel_bias(&bias, channels)).unwrap();
        assert_eq!(gpu.download(&y).unwrap(), gpu.download(&fused).unwrap());
        let alone = gpu.units(&y, channels, Activation::Relu).unwrap();
        assert_eq!(Unit::from_records(&gpu.download(records).unwrap()), alone);
    }
}

/// In the caller's own pass, after the layer.
#[test]
fn a_monitor_is_recorded_behind_its_layer() {
    let gpu = gpu();
    let sigmoid = GpuRelu::with_activation(gpu, Activation::Sigmoid).unwrap();
    let x = gpu.upload(&[-20.0, 0.0, 20.0, -20.0, 0.1, 20.0]).unwrap();
    let y = gpu.upload(&[0.0; 6]).unwrap();
    let layer = sigmoid.prepare(&x, &y).unwrap();
    let mut monitor = UnitMonitor::new(gpu, &y, Channels::last(3), sigmoid.activation()).unwrap();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        layer.record(&mut pass);
        monitor.prepared().record(&mut pass);
    }
    gpu.queue().submit([encoder.finish()]);
    monitor.read().unwrap();
    let report = monitor.report();
    assert_eq!(report.saturated(), [0, 2]);
    assert_eq!(report.units[0].at_lower_bound, 2);
    assert_eq!(report.units[2].at_upper_bound, 2);
}

#[test]
fn mistakes_are_told() {
    let gpu = gpu();
    let y = gpu.upload(&[0.0; 6]).unwrap();
    let error = gpu.units(&y, Channels::last(4), Activation::Relu).unwrap_err();
    assert!(matches!(error, Error::Channels { .. }), "{error}");
    let records = gpu.upload(&[0.0; 32]).unwrap();
    let told = |view: View<'_>, part: &str| {
        let result = gpu.prepare_units(&y, Channels::last(3), Activation::Relu, view);
        let error = result.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    told((&records).into(), "the range of records has 4 elements for 3 channels");
    told(View::elements::<f32>(&records, 1, 24), "make both a multiple of 32");
    told(View::elements::<f32>(&y, 0, 0), "0 elements for 3 channels");
    gpu.prepare_units(
        &y,
        Channels::last(3),
        Activation::Relu,
        View::elements::<f32>(&records, 8, 24),
    )
    .unwrap();
    let relu = GpuRelu::new(gpu);
    let [x, bias, wide] = [6, 3, 24].map(|length| gpu.upload(&vec![0.0; length]).unwrap());
    let of_layer = |x: &wgpu::Buffer, bias: &wgpu::Buffer, y: &wgpu::Buffer, part: &str| {
        let result = relu.prepare_with_units(x, bias, Channels::last(3), y, &wide);
        let error = result.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    of_layer(&x, &bias, &x, "x lies in the buffer of y");
    of_layer(&x, &x, &y, "bias has 6 elements for 3 channels");
    of_layer(&x, &bias, &bias, "y has 3 elements, but x has 6");
    let halves = relu.with_element(wgpu_relu::ElementType::F16);
    let error = halves.prepare_with_units(&x, &bias, Channels::last(3), &y, &wide).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");

    let nothing = gpu.units(View::elements::<f32>(&y, 2, 0), Channels::last(3), Activation::Relu);
    assert_eq!(nothing.unwrap(), [Unit::default(); 3]);
}
