//! Devices with small limits, where kilobytes reach limits that take gigabytes elsewhere.

use testkit::layout::Layout;
use wgpu_relu::{Activation, Error, Gpu, GpuRelu};

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
