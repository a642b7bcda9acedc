//! Burn with its SPIR-V compiler, which runs no WGSL. All other tests pass with it too.

use burn::tensor::{Device, DeviceKind, Tensor};
use wgpu_relu_burn::device::route;
use wgpu_relu_burn::{Activation, Error, try_activate};

use crate::wgpu;

#[test]
fn operations_take_passes_of_their_own() {
    assert_eq!(route(&wgpu()).expect("an opened device"), "passes of its own");
    assert_eq!(route(&wgpu().autodiff()).expect("an opened device"), "passes of its own");
}

#[test]
fn a_device_that_was_not_opened_is_refused_with_the_remedy() {
    let kinds = [DeviceKind::Cpu, DeviceKind::DiscreteGpu(0), DeviceKind::IntegratedGpu(0)];
    let init = |kind| Device::wgpu_options().device_kind(kind).init().ok();
    let device = kinds.into_iter().find_map(init).expect("an adapter");
    let x = Tensor::<1>::from_floats([-1.0, 2.0], &device);
    let error = try_activate(x, Activation::Relu).unwrap_err();
    assert!(matches!(error, Error::Runtime { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("which runs wgpu<spirv> kernels, but activations need wgpu<wgsl>"),
        "{text}"
    );
    assert!(
        text.contains("that wgpu_relu_burn::device::open set up before its first use"),
        "{text}"
    );
}
