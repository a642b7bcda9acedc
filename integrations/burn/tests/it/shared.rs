//! Burn on the caller's wgpu device, and the crate on Burn's buffers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use burn::tensor::wgpu::WgpuSetup;
use burn::tensor::{Device, Tensor};
use cubecl::future::block_on;
use wgpu_relu::{Gpu, View, wgpu};
use wgpu_relu_burn::device::{open, route, share, update_buffer, with_buffer};
use wgpu_relu_burn::{Activation, Error, activate};

use crate::{any_bits, assert_bits, of_crate, ordinary, tensor, values, wgpu as default_device};

/// A wgpu device as a renderer would make it.
fn renderers() -> WgpuSetup {
    let instance = wgpu::Instance::default();
    let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default());
    let adapter = block_on(adapter).expect("an adapter");
    let descriptor = wgpu::DeviceDescriptor {
        required_features: adapter.features() - wgpu::Features::all_experimental_mask(),
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (device, queue) = block_on(adapter.request_device(&descriptor)).expect("a device");
    let backend = adapter.get_info().backend;
    WgpuSetup { instance, adapter, device, queue, backend }
}

static SHARED: LazyLock<(Device, Gpu)> = LazyLock::new(|| {
    let setup = renderers();
    let gpu = Gpu::from_device(&setup.device, &setup.queue);
    (share(setup).expect("a device for Burn"), gpu)
});

fn view(buffer: &wgpu::Buffer, offset: u64, size: u64) -> View<'_> {
    View::elements::<f32>(buffer, offset / 4, size / 4)
}

#[test]
fn operations_run_on_the_callers_device() {
    let (device, _) = &*SHARED;
    let x = any_bits(4099);
    for activation in Activation::ALL {
        let y = values(activate(tensor(&x, device), *activation));
        assert_bits(&y, &of_crate(*activation, &x), activation);
    }
    println!("{}", route(device).expect("a wgpu device"));
}

/// Burn's queued work comes first, then the crate's, then Burn's again.
#[test]
fn the_crate_writes_between_two_operations_of_burn() {
    let (device, gpu) = &*SHARED;
    let gelu = Activation::Gelu.on(gpu).expect("valid");
    for round in 0..20 {
        let x = ordinary(1000 + round);
        let t = tensor(&x, device) * 0.5;
        let t = update_buffer(t, |buffer, offset, size| {
            gelu.apply_in_place(view(buffer, offset, size)).expect("valid");
        });
        let found = values(t.expect("a wgpu tensor") * 2.0);
        let halves: Vec<f32> = x.iter().map(|x| x * 0.5).collect();
        let expected: Vec<f32> =
            of_crate(Activation::Gelu, &halves).iter().map(|y| y * 2.0).collect();
        assert_bits(&found, &expected, round);
    }
}

#[test]
fn the_crate_reads_a_tensor_into_its_own_buffer() {
    let (device, gpu) = &*SHARED;
    for length in [1, 3, 64, 65, 1027] {
        let x = ordinary(64 + length + 64);
        // A part of a page that other tensors share.
        let part = tensor(&x, device).slice(64..64 + length);
        let y = gpu.zeros::<f32>(length as u64).expect("room");
        let silu = Activation::Silu.on(gpu).expect("valid");
        with_buffer(part, |buffer, offset, size| {
            assert_eq!(size, 4 * length as u64);
            silu.apply_into(view(buffer, offset, size), &y).expect("valid");
        })
        .expect("a wgpu tensor");
        let y: Vec<f32> = gpu.download(&y).expect("a working device");
        assert_bits(&y, &of_crate(Activation::Silu, &x[64..64 + length]), length);
    }
}

#[test]
fn clones_parents_and_neighbours_keep_their_values() {
    let (device, gpu) = &*SHARED;
    let relu = Activation::Relu.on(gpu).expect("valid");
    for length in 1..=70 {
        let x = ordinary(64 + length + 64);
        let before = tensor(&[7.0; 3], device);
        let parent = tensor(&x, device);
        let part = parent.clone().slice(64..64 + length);
        let after = tensor(&[9.0; 3], device);
        let written = update_buffer(part.clone(), |buffer, offset, size| {
            relu.apply_in_place(view(buffer, offset, size)).expect("valid");
        });
        let written = values(written.expect("a wgpu tensor"));
        assert_bits(&written, &of_crate(Activation::Relu, &x[64..64 + length]), length);
        assert_bits(&values(part), &x[64..64 + length], "the view");
        assert_bits(&values(parent), &x, "the parent");
        assert_bits(&values(before), &[7.0; 3], "a tensor from before");
        assert_bits(&values(after), &[9.0; 3], "a tensor from after");
    }
}

/// A transposed tensor is not contiguous in memory.
#[test]
fn a_transposed_tensor_comes_in_order() {
    let (device, gpu) = &*SHARED;
    let x = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device).transpose();
    let y = gpu.zeros::<f32>(6).expect("room");
    let relu = Activation::Relu.on(gpu).expect("valid");
    with_buffer(x, |buffer, offset, size| {
        relu.apply_into(view(buffer, offset, size), &y).expect("valid");
    })
    .expect("a wgpu tensor");
    let y: Vec<f32> = gpu.download(&y).expect("a working device");
    assert_bits(&y, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "transposed");
}

/// Burn gives its wgpu device out only when it sets the device up.
#[test]
fn a_device_in_use_cannot_be_opened() {
    default_device();
    let error = open(Device::wgpu_options()).expect_err("in use");
    assert!(matches!(error, Error::Burn { .. }), "{error}");
    assert!(error.to_string().contains("set it up before its first use"), "{error}");
}

/// The documentation of `share` says so.
#[test]
fn burn_replaces_the_callers_handler_of_errors() {
    let setup = renderers();
    let called = Arc::new(AtomicBool::new(false));
    let by_caller = called.clone();
    setup.device.on_uncaptured_error(Arc::new(move |_| by_caller.store(true, Ordering::Relaxed)));
    let mistake = || {
        let usage = wgpu::BufferUsages::empty();
        let buffer =
            wgpu::BufferDescriptor { label: None, size: 4, usage, mapped_at_creation: false };
        drop(setup.device.create_buffer(&buffer));
    };
    mistake();
    assert!(called.swap(false, Ordering::Relaxed), "the caller's handler, before");
    share(setup.clone()).expect("a device for Burn");
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(mistake))
        .expect_err("Burn's handler panics");
    assert!(
        !called.load(Ordering::Relaxed),
        "the caller's handler is still there: say so in the documentation"
    );
}

#[test]
fn tensors_with_autodiff_have_no_buffer_until_the_graph_is_taken_off() {
    let (device, gpu) = &*SHARED;
    let x = tensor(&[-1.0, 2.0], &device.clone().autodiff());
    let errors = [
        update_buffer(x.clone(), |_, _, _| unreachable!()).unwrap_err(),
        with_buffer(x.clone(), |_, _, _| unreachable!()).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::Autodiff { .. }), "{error}");
        assert!(
            error.to_string().contains("gradient graph cannot be accessed; pass tensor.inner()"),
            "{error}"
        );
    }
    // The remedy works.
    let relu = Activation::Relu.on(gpu).expect("valid");
    let x = update_buffer(x.inner(), |buffer, offset, size| {
        relu.apply_in_place(view(buffer, offset, size)).expect("valid");
    });
    let x = Tensor::from_inner(x.expect("a wgpu tensor"));
    assert!(x.device().is_autodiff());
    assert_bits(&values(x), &[0.0, 2.0], "the remedy");
}
