//! Devices with small limits, where kilobytes reach limits that take gigabytes elsewhere.

use testkit::layout::Layout;
use wgpu_relu::{Activation, Channels, Error, Gpu, GpuPrelu, GpuRelu, Unit};

use crate::fused::{Masked, with_masks};
use crate::harness::examine;
use crate::own_device;

fn gpu_with(change: impl Fn(&mut wgpu::Limits)) -> Gpu {
    let (device, queue) = own_device(change);
    Gpu::from_device(&device, &queue)
}

/// All activations and layouts, at lengths around `edges`.
fn examine_all(gpu: &Gpu, edges: &[usize]) {
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu, activation).unwrap();
        for length in edges.iter().flat_map(|edge| edge - 2..=edge + 2) {
            for (seed, &layout) in (length as u64..).zip(Layout::ALL) {
                examine::<f32, f32>(gpu, activation, &operator, length, layout, seed).unwrap();
            }
        }
    }
    for activation in with_masks() {
        let masked = Masked(GpuRelu::with_activation(gpu, activation).unwrap());
        for (seed, &layout) in (1u64..).zip(Layout::ALL) {
            let length = edges[edges.len() - 1];
            examine::<f32, f32>(gpu, activation, &masked, length, layout, seed).unwrap();
        }
    }
}

#[test]
fn more_workgroups_than_one_dimension_takes() {
    // Three workgroups in a row are too few for this with every grid.
    let gpu = gpu_with(|limits| limits.max_compute_workgroups_per_dimension = 3);
    examine_all(&gpu, &[3 * 256, 3 * 1024, 3 * 4096, 9 * 4096 + 1, 100_000]);
}

#[test]
fn more_bytes_than_one_binding_takes() {
    let gpu = gpu_with(|limits| limits.max_storage_buffer_binding_size = 16 << 10);
    examine_all(&gpu, &[1360, 2048, 4096, 8192, 30_000]);
}

#[test]
fn coarse_offset_alignment() {
    let gpu = gpu_with(|limits| {
        limits.min_storage_buffer_offset_alignment = 256;
        limits.min_uniform_buffer_offset_alignment = 256;
        limits.max_storage_buffer_binding_size = 16 << 10;
    });
    examine_all(&gpu, &[63, 1024, 5000]);
}

#[test]
fn the_defaults_of_webgpu_and_less_suffice() {
    let gpu = gpu_with(|limits| *limits = wgpu::Limits::downlevel_defaults());
    examine_all(&gpu, &[1000, 70_000]);
}

#[test]
fn limits_that_are_too_small_are_named() {
    let gpu = gpu_with(|limits| *limits = wgpu::Limits::downlevel_webgl2_defaults());
    let x = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 64,
        usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    // Such a device has no storage buffers at all.
    let relu = GpuRelu::new(&gpu);
    assert!(matches!(relu.apply(&x), Err(Error::MissingUsage { .. })));
    let error = gpu.upload(&[1.0; 4]).and_then(|x| relu.apply(&x)).unwrap_err();
    assert!(matches!(error, Error::Limit { .. } | Error::Refused { .. }), "{error}");
    // A device without compute.
    let gpu = gpu_with(|limits| limits.max_compute_workgroups_per_dimension = 0);
    let error = gpu.upload(&[1.0; 4]).and_then(|x| GpuRelu::new(&gpu).apply(&x)).unwrap_err();
    let named = "max_compute_workgroups_per_dimension";
    assert!(matches!(error, Error::Limit { limit, .. } if limit == named), "{error}");
}

/// Whole numbers, whose sums are exact in any order.
fn numbers(length: usize, step: usize) -> Vec<f32> {
    (0..length).map(|i| (i * step % 13) as f32 - 6.0).collect()
}

fn exact_sums(terms: &[f32], channels: Channels) -> Vec<f32> {
    let mut sums = vec![0.0; channels.count as usize];
    for (i, term) in terms.iter().enumerate() {
        sums[i / channels.inner as usize % channels.count as usize] += term;
    }
    sums
}

/// Sums, slopes' gradients and statistics, where a row is longer than a binding or has more channels than a grid.
fn examine_reductions(gpu: &Gpu, usual: &Gpu) {
    let shapes = [
        (5, 300, 1),
        (2, 3000, 1),
        (3, 2, 7001),
        (1, 5, 9000),
        (70, 40, 3),
        (67, 9, 200),
        (900, 7, 1),
    ];
    for (rows, count, inner) in shapes {
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let what = format!("{rows} x {count} x {inner}");
        let (x, dy) = (numbers(length, 5), numbers(length, 3));
        let [x_buffer, dy_buffer] = [&x, &dy].map(|data| gpu.upload(data).unwrap());

        let expected = exact_sums(&x, channels);
        let sums = gpu.channel_sums(&x_buffer, channels).unwrap();
        assert_eq!(gpu.download(&sums).unwrap(), expected, "{what}");
        gpu.accumulate_channel_sums::<f32>(&x_buffer, channels, &sums).unwrap();
        let twice: Vec<f32> = expected.iter().map(|sum| 2.0 * sum).collect();
        assert_eq!(gpu.download(&sums).unwrap(), twice, "{what}");

        let terms: Vec<f32> =
            x.iter().zip(&dy).map(|(&x, dy)| if x > 0.0 { 0.0 } else { x * dy }).collect();
        let weights = gpu.upload(&vec![0.5; count as usize]).unwrap();
        let prelu = GpuPrelu::with_channels(gpu, &weights, channels);
        let dw = prelu.weight_gradient(&x_buffer, &dy_buffer).unwrap();
        assert_eq!(gpu.download(&dw).unwrap(), exact_sums(&terms, channels), "{what}");

        let of_layer = |gpu: &Gpu| {
            let [x, bias] = [&x, &numbers(count as usize, 1)].map(|data| gpu.upload(data).unwrap());
            let [y, records] = [length as u64, 8 * u64::from(count)]
                .map(|length| gpu.zeros::<f32>(length).unwrap());
            let step =
                GpuRelu::new(gpu).prepare_with_units(&x, &bias, channels, &y, &records).unwrap();
            step.submit().unwrap();
            let units = Unit::from_records(&gpu.download(&records).unwrap());
            assert_eq!(units.len(), count as usize);
            let stored = gpu.units(&y, channels, Activation::Relu).unwrap();
            (gpu.download(&y).unwrap(), units, stored)
        };
        let (y, units, stored) = of_layer(gpu);
        let (expected_y, expected, _) = of_layer(usual);
        assert_eq!(y, expected_y, "{what}");
        for (found, expected) in units.iter().chain(&stored).zip(expected.iter().cycle()) {
            let counts = |unit: &Unit| [unit.finite, unit.zeros, unit.not_finite];
            assert_eq!(counts(found), counts(expected), "{what}");
            assert!(
                (found.mean - expected.mean).abs() < 1e-4,
                "{what}: {found:?} for {expected:?}"
            );
            assert!(
                (found.variance - expected.variance).abs() < 1e-3,
                "{what}: {found:?} for {expected:?}"
            );
        }
    }
}

#[test]
fn reductions_on_devices_with_few_workgroups() {
    let usual = gpu_with(|_| ());
    for most in [1, 4, 16] {
        let gpu = gpu_with(|limits| limits.max_compute_workgroups_per_dimension = most);
        examine_reductions(&gpu, &usual);
    }
}

#[test]
fn reductions_of_rows_longer_than_a_binding() {
    let usual = gpu_with(|_| ());
    for size in [13 << 10, 64 << 10] {
        let gpu = gpu_with(|limits| limits.max_storage_buffer_binding_size = size);
        examine_reductions(&gpu, &usual);
    }
}

/// Each limit is named where it is what fails.
#[test]
fn limits_of_bindings_and_uniforms_are_named() {
    type Change = fn(&mut wgpu::Limits);
    let cases: [(&str, Change); 5] = [
        ("max_bindings_per_bind_group", |limits| limits.max_bindings_per_bind_group = 2),
        ("max_bind_groups", |limits| limits.max_bind_groups = 0),
        ("max_uniform_buffer_binding_size", |limits| limits.max_uniform_buffer_binding_size = 64),
        ("max_storage_buffers_per_shader_stage", |limits| {
            limits.max_storage_buffers_per_shader_stage = 1
        }),
        ("max_compute_invocations_per_workgroup", |limits| {
            limits.max_compute_invocations_per_workgroup = 32
        }),
    ];
    for (name, change) in cases {
        let gpu = gpu_with(change);
        let x = gpu.upload(&[1.0; 4]).unwrap();
        let error = GpuRelu::new(&gpu).apply(&x).unwrap_err();
        assert!(matches!(error, Error::Limit { limit, .. } if limit == name), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains("or use another adapter if it has no more"), "{text}");
    }
}
