//! Gradients from masks: one bit per element is kept instead of x.

use burn::backend::DispatchDevice;
use burn::tensor::Tensor;
use cubecl::MemoryScope;
use wgpu_relu_burn::{Activation, activate};

use crate::wgpu;

fn bytes_in_use() -> u64 {
    let device = wgpu();
    let DispatchDevice::Cube(cube) = device.as_dispatch() else { panic!("a device of cubecl") };
    // Each thread has a stream of its own, so other tests do not count.
    cube.client().memory_report(MemoryScope::CurrentStream).usage().bytes_in_use
}

/// Bytes that y and its graph hold, beside the leaf.
fn held(activation: Activation) -> u64 {
    let first = |x: &Tensor<1>| x.clone().inner().slice(0..1).into_data();
    let leaf = Tensor::<1>::full([1 << 23], -0.5, &wgpu().autodiff()).require_grad();
    first(&leaf);
    let before = bytes_in_use();
    let y = activate(leaf.clone() * 2.0, activation);
    first(&y);
    let held = bytes_in_use() - before;
    assert!(leaf.grad(&y.backward()).is_some());
    held
}

#[test]
fn a_mask_replaces_x() {
    let (relu, gelu) = (held(Activation::Relu), held(Activation::Gelu));
    println!("kept with y: {relu} bytes for relu, {gelu} for gelu");
    assert!(relu < 48 << 20, "y has 32 MiB, and its mask 1 MiB: {relu}");
    assert!(gelu > 56 << 20, "y and x have 32 MiB each: {gelu}");
}
