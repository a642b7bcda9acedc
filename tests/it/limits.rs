//! Devices with small limits, where kilobytes reach limits that take gigabytes elsewhere.

use testkit::layout::Layout;
use wgpu_relu::{
    Activation, Channels, ElementType, Error, Gpu, GpuGlu, GpuPrelu, GpuRelu, Operand, Unit, View,
};

use crate::fused::{Masked, with_masks};
use crate::harness::examine;
use crate::lost::texture;
use crate::{bits, own_device};

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

/// Reliability 12.
#[test]
fn more_workgroups_than_one_dimension_takes() {
    // Three workgroups in a row are too few for this with every grid.
    let gpu = gpu_with(|limits| limits.max_compute_workgroups_per_dimension = 3);
    examine_all(&gpu, &[3 * 256, 3 * 1024, 3 * 4096, 9 * 4096 + 1, 100_000]);
}

/// Reliability 11.
#[test]
fn more_bytes_than_one_binding_takes() {
    let gpu = gpu_with(|limits| limits.max_storage_buffer_binding_size = 16 << 10);
    examine_all(&gpu, &[1360, 2048, 4096, 8192, 30_000]);
}

/// Reliability 5.
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

/// Reliability 23.
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

/// The operations that need most of a limit, on small buffers.
mod calls {
    use wgpu_relu::{Activation, Channels, Fusion, Gpu, GpuGlu, GpuPrelu, GpuRelu, Result, View};

    fn buffer(gpu: &Gpu, length: u64) -> wgpu::Buffer {
        gpu.zeros::<f32>(length).unwrap()
    }

    pub(super) fn relu(gpu: &Gpu) -> Result<()> {
        GpuRelu::new(gpu).apply(&buffer(gpu, 4)).map(drop)
    }

    pub(super) fn textures(gpu: &Gpu) -> Result<()> {
        GpuRelu::new(gpu).apply_texture(&super::texture(gpu), &super::texture(gpu))
    }

    pub(super) fn fill(gpu: &Gpu) -> Result<()> {
        #[cfg(feature = "init")]
        gpu.fill(&buffer(gpu, 4), wgpu_relu::Init::LecunNormal, &[2, 2], Default::default())?;
        #[cfg(not(feature = "init"))]
        relu(gpu)?;
        Ok(())
    }

    pub(super) fn sums(gpu: &Gpu) -> Result<()> {
        gpu.channel_sums(&buffer(gpu, 400), Channels::last(2)).map(drop)
    }

    pub(super) fn slopes(gpu: &Gpu) -> Result<()> {
        let x = buffer(gpu, 4);
        GpuPrelu::new(gpu, &buffer(gpu, 1)).weight_gradient(&x, &x).map(drop)
    }

    pub(super) fn units(gpu: &Gpu) -> Result<()> {
        gpu.units(&buffer(gpu, 4), Channels::last(2), Activation::Relu).map(drop)
    }

    pub(super) fn layer(gpu: &Gpu) -> Result<()> {
        let [x, y] = [0; 2].map(|_| buffer(gpu, 10_000));
        let (bias, records) = (buffer(gpu, 5000), buffer(gpu, 40_000));
        let relu = GpuRelu::new(gpu);
        relu.prepare_with_units(&x, &bias, Channels::last(5000), &y, &records)?.submit()
    }

    pub(super) fn gated(gpu: &Gpu) -> Result<()> {
        let [x, gate, dy] = [0; 3].map(|_| buffer(gpu, 4));
        GpuGlu::swiglu(gpu).gradient(&x, &gate, &dy).map(drop)
    }

    pub(super) fn fused(gpu: &Gpu) -> Result<()> {
        let [x, bias, residual] = [0; 3].map(|_| buffer(gpu, 4));
        let mask = gpu.zeros::<f32>(8).unwrap();
        let fusion = Fusion::new().bias(&bias).residual(&residual).mask(&mask);
        GpuRelu::new(gpu).apply_fused(&x, fusion).map(drop)
    }

    pub(super) fn channels(gpu: &Gpu) -> Result<()> {
        let (x, bias) = (buffer(gpu, 5000), buffer(gpu, 5000));
        let fusion = Fusion::new().channel_bias(&bias, Channels::last(5000));
        GpuRelu::new(gpu).apply_fused(&x, fusion).map(drop)
    }

    /// Rows that masks keep from being cut.
    pub(super) fn rows(gpu: &Gpu) -> Result<()> {
        let (x, mask) = (buffer(gpu, 10_001), buffer(gpu, 40 * 8));
        let rows = View::rows_of::<f32>(&x, 0, 5000, 2, 5001);
        GpuRelu::new(gpu).apply_fused(rows, Fusion::new().mask(&mask)).map(drop)
    }
}

/// Each limit is named where it fails, with its value. With the value that the error asks for, the call succeeds.
///
/// Reliability 11.
#[test]
fn each_limit_is_named_and_what_is_needed_suffices() {
    type Limit = fn(&mut wgpu::Limits) -> &mut u32;
    type Call = fn(&Gpu) -> Result<(), Error>;
    let of_buffers: Limit = |limits| &mut limits.max_storage_buffers_per_shader_stage;
    let buffers = ("max_storage_buffers_per_shader_stage", of_buffers);
    let bindings: (_, Limit) =
        ("max_bindings_per_bind_group", |limits| &mut limits.max_bindings_per_bind_group);
    let groups: (_, Limit) = ("max_bind_groups", |limits| &mut limits.max_bind_groups);
    let uniforms: (_, Limit) = ("max_uniform_buffers_per_shader_stage", |limits| {
        &mut limits.max_uniform_buffers_per_shader_stage
    });
    let invocations: (_, Limit) = ("max_compute_invocations_per_workgroup", |limits| {
        &mut limits.max_compute_invocations_per_workgroup
    });
    let [columns, rows]: [(_, Limit); 2] = [
        ("max_compute_workgroup_size_x", |limits| &mut limits.max_compute_workgroup_size_x),
        ("max_compute_workgroup_size_y", |limits| &mut limits.max_compute_workgroup_size_y),
    ];
    let workgroups: (_, Limit) = ("max_compute_workgroups_per_dimension", |limits| {
        &mut limits.max_compute_workgroups_per_dimension
    });
    let stored: (_, Limit) = ("max_storage_textures_per_shader_stage", |limits| {
        &mut limits.max_storage_textures_per_shader_stage
    });
    let sampled: (_, Limit) = ("max_sampled_textures_per_shader_stage", |limits| {
        &mut limits.max_sampled_textures_per_shader_stage
    });
    let cases: [(_, u32, u64, Call); 24] = [
        (buffers, 0, 1, calls::fill),
        (buffers, 1, 2, calls::relu),
        (buffers, 1, 2, calls::sums),
        (buffers, 1, 2, calls::units),
        (buffers, 2, 3, calls::slopes),
        (buffers, 3, 4, calls::layer),
        (buffers, 3, 4, calls::gated),
        (buffers, 4, 5, calls::fused),
        (bindings, 1, 2, calls::fill),
        (bindings, 2, 3, calls::relu),
        (bindings, 2, 3, calls::textures),
        (bindings, 3, 4, calls::slopes),
        (bindings, 4, 5, calls::gated),
        (bindings, 5, 6, calls::fused),
        (groups, 0, 1, calls::relu),
        (uniforms, 0, 1, calls::sums),
        (invocations, 32, 64, calls::relu),
        (invocations, 32, 64, calls::textures),
        (columns, 32, 64, calls::units),
        (columns, 4, 8, calls::textures),
        (rows, 4, 8, calls::textures),
        (workgroups, 0, 1, calls::relu),
        (stored, 0, 1, calls::textures),
        (sampled, 0, 1, calls::textures),
    ];
    for ((name, limit), found, needed, call) in cases {
        let error = call(&gpu_with(|limits| *limit(limits) = found)).unwrap_err();
        assert_eq!(error, Error::Limit { limit: name, found: found.into(), needed }, "{error}");
        let text = error.to_string();
        let expected = format!("this device allows {found} for {name}, but {needed} are needed; ");
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains("the adapter's own limits, or use another adapter"), "{text}");
        assert_eq!(text.contains("leave a bias"), needed > 4 && name == buffers.0, "{text}");
        let outcome = call(&gpu_with(|limits| *limit(limits) = needed as u32));
        assert_eq!(outcome, Ok(()), "{name}: {needed}");
    }
    // x is no sampled texture then.
    let gpu = gpu_with(|limits| limits.max_sampled_textures_per_shader_stage = 0);
    GpuRelu::new(&gpu).apply_texture_in_place(&texture(&gpu)).unwrap();
}

#[test]
fn sizes_of_bindings_are_named_and_what_is_needed_suffices() {
    type Limit = fn(&mut wgpu::Limits) -> &mut u64;
    type Call = fn(&Gpu) -> Result<(), Error>;
    let storage: (_, Limit) =
        ("max_storage_buffer_binding_size", |limits| &mut limits.max_storage_buffer_binding_size);
    let uniform: (_, Limit) =
        ("max_uniform_buffer_binding_size", |limits| &mut limits.max_uniform_buffer_binding_size);
    let cases: [(_, u64, Call); 8] = [
        (storage, 64, calls::relu),
        (storage, 16, calls::fill),
        (storage, 128, calls::sums),
        (storage, 128, calls::units),
        (storage, 16 << 10, calls::layer),
        (storage, 16 << 10, calls::channels),
        (storage, 16 << 10, calls::rows),
        (uniform, 16, calls::relu),
    ];
    for ((name, limit), found, call) in cases {
        let error = call(&gpu_with(|limits| *limit(limits) = found)).unwrap_err();
        let Error::Limit { limit: named, found: told, needed } = error else { panic!("{error}") };
        assert_eq!((named, told), (name, found), "{error}");
        let text = error.to_string();
        assert_eq!(text.contains("pass fewer channels"), name == storage.0, "{text}");
        let outcome = call(&gpu_with(|limits| *limit(limits) = needed));
        assert_eq!(outcome, Ok(()), "{name}: {needed}");
    }
}

/// What the shaders cannot address is not told as a limit of the device.
#[test]
fn the_shaders_own_limit_is_no_devices() {
    use wgpu_relu::plan::{BufferRange, Planner, Request};
    let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 16 << 30,
        max_buffer_size: 16 << 30,
        ..Default::default()
    };
    let planner = Planner::new(&info, &limits, wgpu::Features::empty());
    let count = 1 << 30;
    let whole = |number| BufferRange::whole(number, 4 << 30);
    let plan = |channels| {
        Request::forward(Activation::Relu)
            .with(Operand::X, whole(0))
            .with(Operand::Y, whole(1))
            .with_channels(
                Operand::Bias,
                BufferRange::elements::<f32>(2, 4 << 30, 0, channels),
                Channels::last(channels as u32),
            )
            .plan(&planner)
    };
    plan(1 << 20).unwrap();
    let error = plan(count).unwrap_err();
    let needed = (4 << 30) + u64::from(limits.min_storage_buffer_offset_alignment);
    assert_eq!(error, Error::BindingSize { needed, limit: 1 << 31 });
    let text = error.to_string();
    assert!(text.contains("2147483648") && text.contains("pass fewer channels"), "{text}");
    assert!(!text.contains("device"), "{text}");
}

/// Five storage buffers in one pass, or four in each of two.
#[test]
fn gradients_of_gates_by_four_storage_buffers() {
    let usual = gpu_with(|_| ());
    let four = |more: fn(&mut wgpu::Limits)| {
        gpu_with(|limits| {
            limits.max_storage_buffers_per_shader_stage = 4;
            more(limits);
        })
    };
    let small = four(|limits| limits.max_storage_buffer_binding_size = 16 << 10);
    for gpu in [&four(|_| ()), &four(|limits| limits.max_bindings_per_bind_group = 5), &small] {
        for length in [1, 7, 4096, 30_000] {
            let data = [5, 3, 7].map(|step| numbers(length, step));
            let on = |gpu: &Gpu, glu: &dyn Fn(&Gpu) -> GpuGlu| {
                let [x, gate, dy] = [0, 1, 2].map(|i| gpu.upload(&data[i]).unwrap());
                let [dx, dgate] = [1, 2].map(|i| gpu.upload(&data[i]).unwrap());
                let glu = glu(gpu);
                glu.gradient_into(&x, &gate, &dy, &dx, &dgate).unwrap();
                // From any element on, and in place of two inputs.
                let [from_1, to_1] = [0; 2].map(|_| gpu.zeros::<f32>(length as u64 + 1).unwrap());
                let view = |buffer| View::elements::<f32>(buffer, 1, length as u64);
                glu.gradient_into(&x, &gate, &dy, view(&from_1), view(&to_1)).unwrap();
                // The halves of one buffer.
                let pairs = View::elements::<f32>(&x, 0, length as u64 / 2 * 2);
                let to_half = View::elements::<f32>(&dy, 0, length as u64 / 2);
                let halves = glu.gradient_split(pairs, to_half, Channels::last(2)).unwrap();
                glu.gradient_into(&x, &gate, &dy, &gate, &x).unwrap();
                [dx, dgate, from_1, to_1, halves, gate, x]
                    .map(|buffer| bits(&gpu.download(&buffer).unwrap()))
            };
            let glus: [&dyn Fn(&Gpu) -> GpuGlu; 4] = [
                &|gpu| GpuGlu::swiglu(gpu),
                &|gpu| GpuGlu::bilinear(gpu),
                &|gpu| GpuGlu::reglu(gpu).accumulating(),
                &|gpu| GpuGlu::geglu(gpu).with_element(ElementType::F16),
            ];
            for (index, glu) in glus.into_iter().enumerate() {
                assert!(on(gpu, glu) == on(&usual, glu), "{length} elements, unit {index}");
            }
        }
    }
}
