//! Additions in the same pass, masks, random slopes: each is compared with the plain operator or the reference.

use testkit::inputs::{data, random_words, upstream};
use testkit::layout::{Layout, Subject};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Channels, Draw, Element, Error, Fusion, Gpu, GpuRelu, Result, View};

use crate::harness::{compare_gradients, compare_values, examine};
use crate::{bits, gpu, own_device, raw_buffer};

const CANARY: u32 = 0xdead_beef;

/// An operator that takes its gradient from a mask. The harness must accept it as it accepts the plain operator.
pub(crate) struct Masked(pub(crate) GpuRelu);

impl Masked {
    /// A mask with canaries around it.
    fn mask(&self, length: u64) -> (wgpu::Buffer, u64) {
        let size = self.0.mask_size(length).unwrap();
        let words = vec![CANARY; (size / 4) as usize + 71];
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        (raw_buffer(self.0.gpu().device(), usage, &words), size)
    }

    fn write(&self, x: View<'_>, y: View<'_>) -> Result<(wgpu::Buffer, u64)> {
        let (buffer, size) = self.mask(x.size() / 4);
        let mask = View::elements::<u32>(&buffer, 3, size / 4);
        self.0.apply_fused_into(x, Fusion::new().mask(mask), y)?;
        let words = bits(&self.0.gpu().download(&buffer)?);
        let outside = words[..3].iter().chain(&words[3 + size as usize / 4..]);
        assert!(outside.clone().all(|&word| word == CANARY), "wrote beside the mask");
        Ok((buffer, size))
    }
}

impl Subject for Masked {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        self.write(x, y).map(|_| ())
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
        let y = self.0.gpu().upload(&vec![0.0; x.size() as usize / 4])?;
        let (buffer, size) = self.write(x, (&y).into())?;
        self.0.mask_gradient_into(View::elements::<u32>(&buffer, 3, size / 4), dy, dx)
    }
}

/// The activations that have masks.
pub(crate) fn with_masks() -> impl Iterator<Item = Activation> {
    let steep = Activation::LeakyRelu { negative_slope: -2.5 };
    Activation::ALL.iter().copied().chain([steep]).filter(|activation| {
        GpuRelu::with_activation(gpu(), *activation).unwrap().mask_size(1).is_ok()
    })
}

#[test]
fn a_gradient_from_a_mask_is_the_gradient() {
    let names: std::collections::BTreeSet<_> = with_masks().map(|a| a.name()).collect();
    for name in ["relu", "relu6", "leaky_relu", "threshold", "hardtanh"] {
        assert!(names.contains(name), "{name} has no mask");
    }
    for activation in with_masks() {
        let masked = Masked(GpuRelu::with_activation(gpu(), activation).unwrap());
        for length in [1, 31, 255, 257, 1025, 1280, 4093, 66_000] {
            for (seed, &layout) in (length as u64..).zip(Layout::ALL) {
                examine::<f32, f32>(gpu(), activation, &masked, length, layout, seed).unwrap();
            }
        }
    }
}

#[test]
fn masks_are_small_and_blocks_are_whole() {
    let relu = GpuRelu::new(gpu());
    for (length, size) in [(0, 0), (1, 32), (256, 32), (257, 64), (1 << 20, 1 << 17)] {
        assert_eq!(relu.mask_size(length).unwrap(), size);
    }
    let relu6 = GpuRelu::with_activation(gpu(), Activation::Relu6).unwrap();
    assert_eq!(relu6.mask_size(256).unwrap(), 64);
    let elu = GpuRelu::with_activation(gpu(), Activation::Elu { alpha: 1.0 }).unwrap();
    let error = elu.mask_size(256).unwrap_err();
    assert!(error.to_string().contains("elu has no mask"), "{error}");
}

/// A mask may be kept and read by another device, so its bits are compared with the layout that mask_grid.wgsl describes.
fn masks_have_one_layout<T: Element>() {
    let gpu = gpu();
    let relu = GpuRelu::new(gpu).with_element(T::TYPE).with_output_element(T::TYPE);
    for length in [1, 8, 250, 257, 4093] {
        let x = data(Activation::Relu, length, length as u64);
        let x: Vec<T> =
            x.into_iter().map(|x| T::from_f32(if x > 0.0 { 1.0 } else { -1.0 })).collect();
        let (_, mask) = relu.apply_with_mask(&gpu.upload_elements(&x).unwrap()).unwrap();
        let words = bits(&gpu.download(&mask).unwrap());
        for (element, x) in x.iter().enumerate() {
            let vector = element / 8;
            let word = words[vector / 32 * 8 + vector % 8];
            let bit = word >> (vector % 32 / 8 * 8 + element % 8) & 1;
            assert_eq!(bit == 1, x.to_f32() > 0.0, "{} of {length}, element {element}", T::TYPE);
        }
    }
}

#[test]
fn masks_have_one_layout_on_every_device() {
    masks_have_one_layout::<f32>();
    masks_have_one_layout::<f16>();
}

/// The sum as a device makes it.
fn add(a: &[f32], b: impl Fn(usize) -> f32) -> Vec<f32> {
    a.iter().enumerate().map(|(i, a)| a + b(i)).collect()
}

/// Equal except for the payload of NaNs, and for subnormal numbers, which addition may flush.
fn assert_same(found: &[f32], expected: &[f32], what: &str) {
    let plain = |x: f32| if x.is_subnormal() { 0.0 } else { x };
    assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let same = plain(found) == plain(expected) || (found.is_nan() && expected.is_nan());
        assert!(same, "{what}, element {i}: {found:e}, not {expected:e}");
    }
}

/// No subnormal numbers, and no sums that are subnormal: the harness tests those.
fn tame(values: Vec<f32>) -> Vec<f32> {
    let tame = |x: f32| if x.abs() < 1e-30 { x.signum() * 1e-3 } else { x };
    values.into_iter().map(|x| if x.is_nan() { x } else { tame(x) }).collect()
}

#[test]
fn fused_additions_are_the_additions_and_the_operator() {
    // Rows, channels and elements per channel: units, images, one channel, one element.
    let shapes = [(700, 3, 1), (5, 7, 9), (3, 64, 16), (2, 2, 1026), (6, 1024, 1), (1, 1, 1)];
    let gpu = gpu();
    for (seed, &activation) in (1u64..).zip(Activation::ALL) {
        let operator = GpuRelu::with_activation(gpu, activation).unwrap();
        for (index, (rows, count, inner)) in shapes.into_iter().enumerate() {
            let length = rows * count * inner;
            let mut random = random_words(seed);
            let mut normal = |n: usize| -> Vec<f32> {
                (0..n).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect()
            };
            let x = tame(data(activation, length, seed));
            let (bias, residual, by_channel) = (normal(length), normal(length), normal(count));
            let dy = tame(upstream(length, seed));
            let channel = |i: usize| by_channel[i / inner % count];

            // At several offsets, equally aligned or not.
            let start = index as u64 % 5;
            let place = |values: &[f32], start: u64| {
                let mut all = vec![-7.5; start as usize];
                all.extend(values);
                gpu.upload(&all).unwrap()
            };
            let length = length as u64;
            let [x_at, y_at] = [start, start + 4 * (index as u64 % 2) + index as u64 % 3];
            let (x_buffer, y_buffer) = (place(&x, x_at), place(&x, y_at));
            let (r_buffer, b_buffer) = (place(&residual, start), place(&bias, start));
            let c_buffer = place(&by_channel, 5);
            let dy_buffer = place(&dy, x_at);
            let view = |buffer, start| View::elements::<f32>(buffer, start, length);
            let (x_view, y_view) = (view(&x_buffer, x_at), view(&y_buffer, y_at));
            let r_view = view(&r_buffer, start);
            let c_view = View::elements::<f32>(&c_buffer, 5, count as u64);
            let channels = Channels { count: count as u32, inner: inner as u32 };

            let element_bias = Fusion::new().bias(view(&b_buffer, start));
            let channel_bias = Fusion::new().channel_bias(c_view, channels);
            for (fusion, sum, what) in [
                (Fusion::new(), x.clone(), "no bias"),
                (element_bias, add(&x, |i| bias[i]), "a bias per element"),
                (channel_bias, add(&x, channel), "a bias per channel"),
            ] {
                let what = format!("{activation} with {what}, {rows} x {count} x {inner}");
                let plain = operator.apply(&gpu.upload(&sum).unwrap()).unwrap();
                let plain = gpu.download(&plain).unwrap();
                operator.apply_fused_into(x_view, fusion, y_view).unwrap();
                assert_same(&gpu.download(y_view).unwrap(), &plain, &what);
                operator.apply_fused_into(x_view, fusion.residual(r_view), y_view).unwrap();
                let with_residual = add(&plain, |i| residual[i]);
                assert_same(&gpu.download(y_view).unwrap(), &with_residual, &what);
                // The output is the residual's range.
                let over = place(&residual, y_at);
                let over = View::elements::<f32>(&over, y_at, length);
                operator.apply_fused_into(x_view, fusion.residual(over), over).unwrap();
                assert_same(&gpu.download(over).unwrap(), &with_residual, &what);

                let (sum, dy_alone) = (gpu.upload(&sum).unwrap(), gpu.upload(&dy).unwrap());
                let plain = gpu.download(&operator.gradient(&sum, &dy_alone).unwrap()).unwrap();
                let dy_view = view(&dy_buffer, x_at);
                let dx = operator.fused_gradient(x_view, dy_view, fusion).unwrap();
                assert_same(&gpu.download(&dx).unwrap(), &plain, &format!("{what}, gradient"));
            }
            // The elements before the ranges have not changed.
            let before = View::elements::<f32>(&y_buffer, 0, y_at);
            assert_eq!(gpu.download(before).unwrap(), vec![-7.5; y_at as usize]);
        }
    }
}

#[test]
fn a_mask_beside_a_bias_is_of_the_sum() {
    let gpu = gpu();
    let relu = GpuRelu::new(gpu);
    let x: Vec<f32> = (0..3000).map(|i| (i % 17) as f32 - 8.0).collect();
    let bias: Vec<f32> = (0..3).map(|i| i as f32 * 3.0 - 3.0).collect();
    let (x_buffer, b_buffer) = (gpu.upload(&x).unwrap(), gpu.upload(&bias).unwrap());
    let dy = gpu.upload(&vec![1.0; 3000]).unwrap();
    let mask = gpu.upload(&vec![0.0; relu.mask_size(3000).unwrap() as usize / 4]).unwrap();
    let fusion = Fusion::new().channel_bias(&b_buffer, Channels::last(3));
    relu.apply_fused(&x_buffer, fusion.mask(&mask)).unwrap();
    let from_mask = gpu.download(&relu.mask_gradient(&mask, &dy).unwrap()).unwrap();
    let expected: Vec<f32> =
        (0..3000).map(|i| if x[i] + bias[i % 3] > 0.0 { 1.0 } else { 0.0 }).collect();
    assert_eq!(from_mask, expected);
}

#[test]
fn random_slopes_are_those_of_the_reference() {
    let gpu = gpu();
    let draw = Draw { seed: 0x0123_4567_89ab_cdef, offset: 1 << 40 };
    for (lower, upper) in [(0.125f32, 1.0 / 3.0), (-2.0, 5.0), (0.25, 0.25), (0.0, 1e-3)] {
        let rrelu = GpuRelu::with_activation(gpu, Activation::Rrelu { lower, upper }).unwrap();
        let rrelu = rrelu.in_training(draw).unwrap();
        for (length, x_at, y_at) in [
            (1usize, 0u64, 0u64),
            (5, 1, 2),
            (1027, 0, 0),
            (4099, 4, 8),
            (5000, 3, 3),
            (9000, 1, 0),
        ] {
            let x = data(rrelu.activation(), length, length as u64);
            let dy = upstream(length, length as u64);
            let place = |values: &[f32], start: u64| {
                let mut all = vec![0.5; start as usize];
                all.extend(values);
                gpu.upload(&all).unwrap()
            };
            let (x_buffer, y_buffer, dy_buffer) = (place(&x, x_at), place(&x, y_at), place(&dy, 0));
            let x_view = View::elements::<f32>(&x_buffer, x_at, length as u64);
            let y_view = View::elements::<f32>(&y_buffer, y_at, length as u64);
            rrelu.apply_into(x_view, y_view).unwrap();
            let y = gpu.download(y_view).unwrap();
            let dx = gpu.download(&rrelu.gradient(x_view, &dy_buffer).unwrap()).unwrap();
            for i in 0..length {
                let negative_slope = draw.slope(lower, upper, i as u64);
                let leaky = Activation::LeakyRelu { negative_slope };
                let (x, dy, y, dx) = (&x[i..=i], &dy[i..=i], &y[i..=i], &dx[i..=i]);
                let forward = compare_values(gpu, leaky, x, y);
                let gradient = compare_gradients(gpu, leaky, x, dy, dx);
                for outcome in [forward, gradient] {
                    outcome.unwrap_or_else(|error| panic!("{i} of {length}, {leaky}: {error}"));
                }
            }
        }
    }
}

#[test]
fn draws_differ_by_seed_and_offset_alone() {
    let gpu = gpu();
    let rrelu =
        GpuRelu::with_activation(gpu, Activation::Rrelu { lower: 0.0, upper: 1.0 }).unwrap();
    let x = gpu.upload(&[-1.0; 4096]).unwrap();
    let y = gpu.upload(&[0.0; 4096]).unwrap();
    let first = Draw { seed: 1, offset: 1 };
    let step = rrelu.in_training(first).unwrap().prepare(&x, &y).unwrap();
    let run = || {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        step.record(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);
        gpu.download(&y).unwrap()
    };
    let before = run();
    assert_eq!(run(), before);
    for other in [Draw { seed: 2, ..first }, Draw { offset: 2, ..first }] {
        step.set_draw(other).unwrap();
        let now = run();
        let equal = now.iter().zip(&before).filter(|(a, b)| a == b).count();
        assert!(equal < 8, "{equal} of 4096 are equal");
    }
    step.set_draw(first).unwrap();
    assert_eq!(run(), before);

    let relu = GpuRelu::new(gpu);
    assert!(matches!(relu.in_training(first), Err(Error::Unsupported { .. })));
    let step = relu.prepare(&x, &y).unwrap();
    assert!(matches!(step.set_draw(first), Err(Error::Unsupported { .. })));
}

/// Reliability 4.
#[test]
fn fusions_that_do_not_fit() {
    let gpu = gpu();
    let relu = GpuRelu::new(gpu);
    let x = gpu.upload(&[1.0; 12]).unwrap();
    let y = gpu.upload(&[5.0; 12]).unwrap();
    let bias = gpu.upload(&[1.0; 3]).unwrap();
    let mask = gpu.upload(&[0.0; 8]).unwrap();
    let none = Fusion::new();
    let cases = [
        (none.channel_bias(&bias, Channels::last(5)), "12 elements are no multiple of 5 channels"),
        (none.channel_bias(&bias, Channels::last(0)), "no multiple of 0 channels"),
        (none.channel_bias(&bias, Channels::second(3, u32::MAX)), "no multiple of 3 channels"),
        (none.channel_bias(&bias, Channels::last(4)), "bias has 3 elements for 4 channels"),
        (none.channel_bias(y.slice(0..12), Channels::last(3)), "bias lies in the buffer of y"),
        (none.bias(&bias), "bias has 3 elements, but x has 12"),
        (none.residual(&bias), "residual has 3 elements"),
        (none.residual(y.slice(4..)), "residual has 11 elements"),
        (none.mask(&bias), "the mask has 12 bytes, but 12 elements need 32"),
        (none.mask(y.slice(0..32)), "mask lies in the buffer of y"),
        (none.mask(x.slice(0..32)), "x lies in the buffer of mask"),
        (none.bias(mask.slice(..)).mask(&mask), "bias has 8 elements"),
    ];
    for (fusion, part) in cases {
        let error = relu.apply_fused_into(&x, fusion, &y).unwrap_err().to_string();
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
    assert_eq!(gpu.download(&y).unwrap(), [5.0; 12]);
    let rrelu =
        GpuRelu::with_activation(gpu, Activation::Rrelu { lower: 0.1, upper: 0.2 }).unwrap();
    let drawn = rrelu.in_training(Draw::default()).unwrap();
    let error = drawn.apply_fused(&x, none.mask(&mask)).unwrap_err().to_string();
    assert!(error.contains("rrelu has no mask"), "{error}");
}

#[test]
fn channel_sums_are_the_sums() {
    let gpu = gpu();
    for (rows, count, inner, start) in [
        (1, 1, 1, 0),
        (1, 7, 1, 3),
        (1797, 512, 1, 0),
        (5, 3, 1026, 1),
        (64, 16, 64, 0),
        (300_000, 1, 1, 0),
        (1, 3, 100_001, 2),
    ] {
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let mut random = random_words(length as u64);
        let x: Vec<f32> = (0..length).map(|_| random() as i32 as f32 / (1 << 30) as f32).collect();
        let mut all = vec![1e30; start];
        all.extend(&x);
        all.extend([1e30; 9]);
        let buffer = gpu.upload(&all).unwrap();
        let view = View::elements::<f32>(&buffer, start as u64, length as u64);
        let sums = gpu.upload(&vec![CANARY as f32; count as usize + 5]).unwrap();
        let sums_view = View::elements::<f32>(&sums, start as u64, count.into());
        let step = gpu.prepare_channel_sums(view, channels, sums_view).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        step.record(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);
        let found = gpu.download(&sums).unwrap();
        assert_eq!(found[..start], vec![CANARY as f32; start]);
        assert_eq!(found[start + count as usize..], vec![CANARY as f32; 5 - start]);
        let once = gpu.download(&gpu.channel_sums(view, channels).unwrap()).unwrap();
        assert_eq!(once, found[start..start + count as usize]);
        let mut exact = vec![(0.0, 0.0); count as usize];
        for (i, x) in x.iter().enumerate() {
            let (sum, magnitude) = &mut exact[i / inner as usize % count as usize];
            *sum += f64::from(*x);
            *magnitude += f64::from(x.abs());
        }
        for (channel, (sum, magnitude)) in exact.into_iter().enumerate() {
            let n = (rows * inner as usize) as f64;
            let bound = 64.0 * (n.log(64.0) + 1.0) * 2f64.powi(-24) * magnitude;
            let error = (f64::from(once[channel]) - sum).abs();
            assert!(error <= bound, "{rows} x {count} x {inner}: {error:e} over {bound:e}");
        }
    }
}

/// 16-bit floats are widened, and sums are added to the old values.
fn check_sums_of<T: Element>() {
    let gpu = gpu();
    for (rows, count, inner, start) in [
        (1, 1, 1, 0),
        (1, 7, 1, 3),
        (1797, 512, 1, 0),
        (5, 3, 1026, 1),
        (64, 16, 64, 0),
        (9, 12, 1, 4),
        (100_000, 1, 1, 2),
        (1, 3, 30_001, 2),
    ] {
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let mut random = random_words(length as u64);
        // Small whole numbers, whose sums are exact in any order.
        let x: Vec<f32> = (0..length).map(|_| (random() % 16) as f32 - 7.0).collect();
        let mut all = vec![1e4; start];
        all.extend(&x);
        all.extend([1e4; 9]);
        let all: Vec<T> = all.iter().map(|&x| T::from_f32(x)).collect();
        let buffer = gpu.upload_elements(&all).unwrap();
        let view = View::elements::<T>(&buffer, start as u64, length as u64);
        let mut expected = vec![0.0; count as usize];
        for (i, x) in x.iter().enumerate() {
            expected[i / inner as usize % count as usize] += x;
        }
        let case = format!("{} {rows} x {count} x {inner}", T::TYPE);
        let found = gpu.channel_sums_elements::<T>(view, channels).unwrap();
        assert_eq!(gpu.download(&found).unwrap(), expected, "{case}");
        let held: Vec<f32> = (0..count as usize + 5).map(|i| i as f32).collect();
        let sums = gpu.upload(&held).unwrap();
        let sums_view = View::elements::<f32>(&sums, start as u64, count.into());
        gpu.accumulate_channel_sums::<T>(view, channels, sums_view).unwrap();
        let mut total = held;
        total[start..].iter_mut().zip(&expected).for_each(|(held, sum)| *held += sum);
        assert_eq!(gpu.download(&sums).unwrap(), total, "{case}");
    }
    let nothing = gpu.upload(&[]).unwrap();
    let sums = gpu.upload(&[1.0, 2.0]).unwrap();
    gpu.accumulate_channel_sums::<T>(&nothing, Channels::last(2), &sums).unwrap();
    assert_eq!(gpu.download(&sums).unwrap(), [1.0, 2.0]);
    let none = gpu.channel_sums_elements::<T>(&nothing, Channels::last(3)).unwrap();
    assert_eq!(gpu.download(&none).unwrap(), [0.0; 3]);
}

#[test]
fn channel_sums_of_every_element_type_that_add() {
    check_sums_of::<f32>();
    check_sums_of::<f16>();
    check_sums_of::<bf16>();
}

#[test]
fn channel_sums_of_more_than_a_binding_holds() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 16 << 10);
    let gpu = Gpu::from_device(&device, &queue);
    let x: Vec<f32> = (0..30_000).map(|i| (i % 100) as f32).collect();
    let buffer = gpu.upload(&x).unwrap();
    let sums = gpu.download(&gpu.channel_sums(&buffer, Channels::last(50)).unwrap()).unwrap();
    let expected: Vec<f32> = (0..50).map(|i| 300.0 * (2 * i + 50) as f32).collect();
    assert_eq!(sums, expected);
    // A row, and a channel of it, that no binding holds.
    let sums = gpu.channel_sums(&buffer, Channels::second(2, 15_000)).unwrap();
    assert_eq!(gpu.download(&sums).unwrap(), [742_500.0; 2]);
    let short = gpu.upload(&[0.0; 3]).unwrap();
    let error = gpu.prepare_channel_sums(&buffer, Channels::last(50), &short).unwrap_err();
    assert!(error.to_string().contains("y has 3 elements for 50 channels"), "{error}");
    let own = buffer.slice(0..200);
    let error = gpu.prepare_channel_sums(&buffer, Channels::last(50), own).unwrap_err();
    assert!(matches!(error, Error::SharedBuffer { .. }), "{error}");
    let none = gpu.channel_sums(buffer.slice(0..0), Channels::last(3)).unwrap();
    assert_eq!(gpu.download(&none).unwrap(), [0.0; 3]);
}
