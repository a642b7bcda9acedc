//! Initial weights: their distributions and widths, and the same numbers on every device and the CPU.

use rand::SeedableRng;
use rand::rngs::StdRng;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Draw, Element, Error, Fan, Gpu, Init, View};

use crate::{bits, gpu, own_device};

const DRAW: Draw = Draw { seed: 0x1234_5678_9abc_def0, offset: 3 };

/// The distribution function of the standard normal distribution.
fn normal_cdf(z: f64) -> f64 {
    libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

fn mean_and_deviation(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Kolmogorov and Smirnov's test at a level of one in a million.
fn assert_distributed(mut values: Vec<f32>, cdf: impl Fn(f64) -> f64, what: &str) {
    let n = values.len() as f64;
    values.sort_by(f32::total_cmp);
    let mut largest = 0.0f64;
    for (i, &value) in values.iter().enumerate() {
        let place = cdf(value.into());
        largest = largest.max((i as f64 + 1.0) / n - place).max(place - i as f64 / n);
    }
    let limit = ((2.0f64 / 1e-6).ln() / (2.0 * n)).sqrt();
    assert!(largest < limit, "{what}: a distance of {largest:.2e}, where {limit:.2e} is the limit");
}

/// Numbers of the host by `rand`, and by the counter.
fn both(init: Init, shape: &[usize]) -> [(Vec<f32>, &'static str); 2] {
    let length = shape.iter().product();
    let (mut by_rand, mut by_counter) = (vec![0.0; length], vec![0.0; length]);
    init.fill(&mut by_rand, shape, &mut StdRng::seed_from_u64(5)).unwrap();
    init.fill_drawn(&mut by_counter, shape, DRAW).unwrap();
    [(by_rand, "by rand"), (by_counter, "by the counter")]
}

#[test]
fn numbers_follow_their_distributions() {
    const N: usize = 1_000_000;
    let truncated =
        |z: f64, a: f64, b: f64| (normal_cdf(z) - normal_cdf(a)) / (normal_cdf(b) - normal_cdf(a));
    type Cdf<'a> = &'a dyn Fn(f64) -> f64;
    let cases: [(Init, Cdf<'_>, f64, f64); 5] = [
        (Init::Normal { mean: 0.0, std: 1.0 }, &normal_cdf, 0.0, 1.0),
        (Init::Normal { mean: 3.0, std: 0.02 }, &|x| normal_cdf((x - 3.0) / 0.02), 3.0, 0.02),
        (
            Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 },
            &|x| truncated(x, -2.0, 2.0),
            0.0,
            0.879_626,
        ),
        (
            Init::TruncatedNormal { mean: 1.0, std: 0.5, low: 1.0, high: f32::INFINITY },
            &|x| truncated((x - 1.0) / 0.5, 0.0, f64::INFINITY),
            1.398_942,
            0.301_405,
        ),
        (Init::Uniform { low: -0.5, high: 1.5 }, &|x| (x + 0.5) / 2.0, 0.5, 2.0 / 12f64.sqrt()),
    ];
    for (init, cdf, mean, deviation) in cases {
        for (values, by) in both(init, &[N]) {
            let what = format!("{init:?} {by}");
            let (found_mean, found_deviation) = mean_and_deviation(&values);
            // Five standard errors.
            let error = 5.0 * deviation / (N as f64).sqrt();
            assert!((found_mean - mean).abs() < error, "{what}: mean {found_mean}");
            assert!((found_deviation - deviation).abs() < error, "{what}: {found_deviation}");
            assert_distributed(values, cdf, &what);
        }
    }
}

/// The fourth moment sees tails that the others do not.
#[test]
fn the_tails_are_there() {
    let mut values = vec![0.0; 4_000_000];
    let normal = Init::Normal { mean: 0.0, std: 1.0 };
    normal.fill_drawn(&mut values, &[4_000_000], DRAW).unwrap();
    let fourth = values.iter().map(|&x| f64::from(x).powi(4)).sum::<f64>() / values.len() as f64;
    // Its standard error is √(96 / n).
    assert!((fourth - 3.0).abs() < 5.0 * (96.0 / values.len() as f64).sqrt(), "{fourth}");
    let beyond = values.iter().filter(|x| x.abs() > 4.0).count() as f64;
    let expected = 2.0 * normal_cdf(-4.0) * values.len() as f64;
    assert!((beyond - expected).abs() < 5.0 * expected.sqrt(), "{beyond} beyond 4, not {expected}");
}

#[test]
fn fans_are_those_of_dense_and_convolution_shapes() {
    for (shape, fan_in, fan_out) in [
        (&[128usize, 64][..], 64.0, 128.0),
        (&[16, 3, 5], 15.0, 80.0),
        (&[16, 3, 5, 5], 75.0, 400.0),
        (&[8, 4, 3, 3, 3], 108.0, 216.0),
    ] {
        let std = |init: Init| match init.for_shape(shape).unwrap() {
            Init::Normal { mean: 0.0, std } => f64::from(std),
            Init::Uniform { low, high } if low == -high => f64::from(high) / 3f64.sqrt(),
            other => panic!("{other:?}"),
        };
        let (both, gain) = (f64::sqrt(2.0 / (fan_in + fan_out)), 2f32.sqrt());
        for (init, expected) in [
            (Init::XavierNormal { gain: 1.0 }, both),
            (Init::XavierUniform { gain: 1.0 }, both),
            (Init::HeNormal { fan: Fan::In, gain }, f64::sqrt(2.0 / fan_in)),
            (Init::HeUniform { fan: Fan::In, gain }, f64::sqrt(2.0 / fan_in)),
            (Init::HeNormal { fan: Fan::Out, gain }, f64::sqrt(2.0 / fan_out)),
            (Init::HeUniform { fan: Fan::Out, gain }, f64::sqrt(2.0 / fan_out)),
            (Init::he(Activation::Relu), f64::sqrt(2.0 / fan_in)),
            (Init::LecunNormal, f64::sqrt(1.0 / fan_in)),
        ] {
            assert!((std(init) / expected - 1.0).abs() < 1e-6, "{init:?} of {shape:?}");
        }
    }
}

#[test]
fn gains_are_those_of_pytorch_and_keep_the_variance() {
    for (activation, expected) in [
        (Activation::Relu, 2f64.sqrt()),
        (Activation::LeakyRelu { negative_slope: 0.2 }, (2.0 / 1.04f64).sqrt()),
        (Activation::Tanh, 5.0 / 3.0),
        (Activation::Selu, 0.75),
        (Activation::Sigmoid, 1.0),
    ] {
        assert!((f64::from(activation.gain()) - expected).abs() < 1e-6, "{activation}");
    }
    let normal = Init::Normal { mean: 0.0, std: 1.0 };
    let mut z = vec![0.0; 1_000_000];
    normal.fill_drawn(&mut z, &[1_000_000], DRAW).unwrap();
    for &activation in Activation::ALL {
        let gain = f64::from(activation.gain());
        assert!(gain.is_finite() && gain > 0.0, "{activation}: {gain}");
        if let Activation::Tanh | Activation::Selu | Activation::Sigmoid = activation {
            continue; // PyTorch's, which are others on purpose.
        }
        let y = wgpu_relu::reference::forward(activation, &z);
        let square = y.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>() / y.len() as f64;
        assert!((gain * gain * square - 1.0).abs() < 0.02, "{activation}: {gain}, {square}");
    }
}

#[test]
fn orthogonal_rows_or_columns() {
    for shape in [[12usize, 30], [30, 12], [16, 16]] {
        for (values, by) in both(Init::Orthogonal { gain: 2.0 }, &shape) {
            let [rows, columns] = shape;
            let at = |i: usize, k: usize| {
                f64::from(if rows <= columns {
                    values[i * columns + k]
                } else {
                    values[k * columns + i]
                })
            };
            for i in 0..rows.min(columns) {
                for j in 0..=i {
                    let dot: f64 = (0..rows.max(columns)).map(|k| at(i, k) * at(j, k)).sum();
                    let expected = if i == j { 4.0 } else { 0.0 };
                    assert!((dot - expected).abs() < 1e-5, "{shape:?} {by}: {i}, {j}: {dot}");
                }
            }
        }
    }
}

const EVERY: [Init; 10] = [
    Init::Constant(-0.25),
    Init::Normal { mean: 0.0, std: 0.02 },
    Init::Normal { mean: -1.5, std: 3.0 },
    Init::TruncatedNormal { mean: 0.5, std: 1.0, low: -0.25, high: 2.0 },
    Init::TruncatedNormal { mean: 0.0, std: 1.0, low: 2.0, high: f32::INFINITY },
    Init::Uniform { low: -1.0, high: 3.0 },
    Init::Uniform { low: 1e-30, high: 3e-30 },
    Init::XavierUniform { gain: 1.0 },
    Init::HeNormal { fan: Fan::In, gain: std::f32::consts::SQRT_2 },
    Init::LecunNormal,
];

/// The same on every driver: to the last bit, at every offset and length.
#[test]
fn a_device_draws_what_the_cpu_draws() {
    let gpu = gpu();
    for init in EVERY {
        for (start, shape) in [(0u64, [1usize, 1]), (1, [1, 2]), (3, [7, 37]), (2, [300, 701])] {
            let length = shape.iter().product::<usize>();
            let mut expected = vec![0.0; length];
            init.fill_drawn(&mut expected, &shape, DRAW).unwrap();
            let buffer = gpu.upload(&vec![7.5; length + 8]).unwrap();
            let view = View::elements::<f32>(&buffer, start, length as u64);
            gpu.fill(view, init, &shape, DRAW).unwrap();
            let found = gpu.download(&buffer).unwrap();
            let range = start as usize..start as usize + length;
            assert_eq!(bits(&found[range.clone()]), bits(&expected), "{init:?} {shape:?}");
            let outside = found[..range.start].iter().chain(&found[range.end..]);
            assert!(outside.clone().all(|&x| x == 7.5), "{init:?} wrote beside its range");
        }
    }
}

/// 16-bit floats are the same numbers, rounded. Elements beside the range do not change.
fn fills_halves<T: Element + PartialEq + std::fmt::Debug>() {
    let gpu = gpu();
    for init in EVERY {
        for (start, shape) in [(0u64, [1usize, 1]), (1, [3, 37]), (2, [5, 8]), (3, [300, 7])] {
            let length = shape.iter().product::<usize>();
            let mut exact = vec![0.0; length];
            init.fill_drawn(&mut exact, &shape, DRAW).unwrap();
            let mut expected = vec![T::from_f32(7.5); length + 8 + length % 2];
            let buffer = gpu.upload_elements(&expected).unwrap();
            for (place, exact) in expected[start as usize..].iter_mut().zip(exact) {
                *place = T::from_f32(exact);
            }
            let view = View::elements::<T>(&buffer, start, length as u64);
            gpu.fill_elements::<T>(view, init, &shape, DRAW).unwrap();
            let found: Vec<T> = gpu.download_elements(&buffer).unwrap();
            assert_eq!(found, expected, "{init:?} {shape:?} at {start}");
        }
    }
}

#[test]
fn halves_are_the_same_numbers_rounded() {
    fills_halves::<f16>();
    fills_halves::<bf16>();
}

/// A million numbers, through every octave of the quantile function that they reach.
#[test]
fn a_device_draws_a_million_alike() {
    let (gpu, shape) = (gpu(), [1 << 10, 1 << 10]);
    for init in [Init::Normal { mean: 0.1, std: 0.7 }, Init::Uniform { low: -0.3, high: 0.4 }] {
        let mut expected = vec![0.0; 1 << 20];
        init.fill_drawn(&mut expected, &shape, DRAW).unwrap();
        let buffer = gpu.upload(&vec![0.0; 1 << 20]).unwrap();
        gpu.fill(&buffer, init, &shape, DRAW).unwrap();
        assert!(bits(&gpu.download(&buffer).unwrap()) == bits(&expected), "{init:?}");
    }
}

#[test]
fn several_dispatches_are_one_sequence() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 4096);
    let gpu = Gpu::from_device(&device, &queue);
    let init = Init::Normal { mean: 0.0, std: 1.0 };
    let mut expected = vec![0.0; 5000];
    init.fill_drawn(&mut expected, &[5000], DRAW).unwrap();
    let buffer = gpu.upload(&vec![0.0; 5003]).unwrap();
    gpu.fill(View::elements::<f32>(&buffer, 3, 5000), init, &[5000], DRAW).unwrap();
    assert_eq!(gpu.download(View::elements::<f32>(&buffer, 3, 5000)).unwrap(), expected);
}

#[test]
fn a_prepared_fill_takes_a_new_draw() {
    let gpu = gpu();
    let init = Init::Normal { mean: 0.0, std: 1.0 };
    let buffer = gpu.upload(&[0.0; 9]).unwrap();
    let step = gpu.prepare_fill(&buffer, init, &[9], DRAW).unwrap();
    let other = Draw { seed: 8, offset: 1 << 40 };
    step.set_draw(other).unwrap();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    step.record(&mut encoder.begin_compute_pass(&Default::default()));
    gpu.queue().submit([encoder.finish()]);
    let mut expected = [0.0; 9];
    init.fill_drawn(&mut expected, &[9], other).unwrap();
    assert_eq!(gpu.download(&buffer).unwrap(), expected);
    assert!(step.set_activation(Activation::Relu).is_err());
}

/// A release that changes these numbers breaks somebody's experiment.
#[test]
fn numbers_stay_what_they_are() {
    let draw = Draw { seed: 42, offset: 7 };
    for (init, golden) in [
        (
            Init::Normal { mean: 0.0, std: 1.0 },
            [0xbe73_9a44, 0x3fa1_07ee, 0xbe44_c4c4, 0xbedb_e1dc, 0x3fa2_87f0],
        ),
        (
            Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -1.0, high: 2.0 },
            [0xbcb9_082e, 0x3f9e_574e, 0x3c65_5112, 0xbe2f_a926, 0x3f9f_8906],
        ),
        (
            Init::Uniform { low: -1.0, high: 1.0 },
            [0xbe40_8c88, 0x3f4a_a820, 0xbe1c_09b0, 0xbeaa_31a0, 0x3f4b_bbd0],
        ),
        (
            Init::HeNormal { fan: Fan::In, gain: 1.0 },
            [0xbdd9_e280, 0x3f10_07ce, 0xbdaf_fec4, 0xbe44_ab2e, 0x3f11_5f44],
        ),
        (
            Init::Orthogonal { gain: 1.0 },
            [0xbe02_b777, 0x3f2c_d15b, 0xbdd3_2bda, 0xbe6b_fa0e, 0x3f2e_6d79],
        ),
    ] {
        let mut values = [0.0; 5];
        init.fill_drawn(&mut values, &[1, 5], draw).unwrap();
        assert_eq!(values.map(f32::to_bits), golden, "{init:?}: {:#010x?}", bits(&values));
    }
}

#[test]
fn mistakes_are_told() {
    let mut four = [0.0; 4];
    let mut told = |init: Init, shape: &[usize], part: &str| {
        let error = init.fill_drawn(&mut four, shape, DRAW).unwrap_err().to_string();
        assert!(error.contains(part), "{init:?} of {shape:?} gave {error:?}");
    };
    told(Init::LecunNormal, &[4], "shape [4] has no fan_in and fan_out; pass [out, in]");
    told(Init::LecunNormal, &[3, 2], "shape [3, 2] has 6 elements, but 4 are to be filled");
    told(Init::LecunNormal, &[usize::MAX, 9], "more elements than 64 bits count");
    told(Init::Constant(f32::NAN), &[4], "constant: value is NaN, but must be finite");
    told(Init::Normal { mean: 0.0, std: -1.0 }, &[4], "std is -1, but must be at least 0");
    told(Init::Normal { mean: 0.0, std: 1e-38 }, &[4], "magnitude from 1e-30");
    told(Init::Normal { mean: f32::NAN, std: 1.0 }, &[4], "mean is NaN");
    told(Init::Uniform { low: 1.0, high: 0.0 }, &[4], "high is 0, but must be at least low");
    told(Init::HeNormal { fan: Fan::In, gain: f32::INFINITY }, &[2, 2], "gain is inf");
    told(Init::XavierNormal { gain: -1.0 }, &[2, 2], "gain is -1, but must be at least 0");
    let far = Init::TruncatedNormal { mean: 0.0, std: 1.0, low: 5.0, high: 6.0 };
    told(far, &[4], "holds 1/4096 of the distribution");

    let gpu = gpu();
    let buffer = gpu.upload(&[0.0; 4]).unwrap();
    let error = gpu.fill(&buffer, Init::Orthogonal { gain: 1.0 }, &[2, 2], DRAW).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    let error = gpu.fill(&buffer, Init::LecunNormal, &[2, 3], DRAW).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    // An empty range is allowed.
    let empty = View::elements::<f32>(&buffer, 1, 0);
    gpu.fill(empty, Init::LecunNormal, &[0, 3], DRAW).unwrap();
}
