//! The operations on Burn's wgpu device beside those of `wgpu_relu` on a device of its own: all bits are equal.
//!
//! `cargo xtask test-burn` runs this with and without fusion.

mod bits;
mod burns;
mod cases;
mod gate;
mod masks;
mod memory;
mod modules;
mod prelu;
#[cfg(feature = "remote")]
mod remote;
mod shared;
#[cfg(feature = "vulkan")]
mod vulkan;

use std::sync::LazyLock;

use burn::tensor::{Device, Tensor, TensorData};
use wgpu_relu::Gpu;
use wgpu_relu_burn::Activation;
use wgpu_relu_burn::device::open;

pub(crate) static GPU: LazyLock<Gpu> = LazyLock::new(|| Gpu::new().expect("an adapter"));

/// Bit patterns from all over the range of f32: NaN, infinities and subnormal numbers are among them.
pub(crate) fn any_bits(length: usize) -> Vec<f32> {
    (0..length as u32).map(|i| f32::from_bits(i.wrapping_mul(0x9E37_79B9))).collect()
}

/// Normal numbers in -4..4.
pub(crate) fn ordinary(length: usize) -> Vec<f32> {
    (0..length).map(|i| (i * 7919 % 8191) as f32 / 1024.0 - 4.0).collect()
}

/// Burn's device, set up so that the second route is open where Burn compiles no WGSL.
pub(crate) fn wgpu() -> Device {
    static DEVICE: LazyLock<Device> =
        LazyLock::new(|| open(Device::wgpu_options()).expect("an adapter").0);
    DEVICE.clone()
}

pub(crate) fn tensor(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::from(values), device)
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

pub(crate) fn of_crate(activation: Activation, x: &[f32]) -> Vec<f32> {
    let x = GPU.upload(x).expect("room");
    let y = activation.on(&GPU).and_then(|f| f.apply(&x)).expect("valid");
    GPU.download(&y).expect("a working device")
}

pub(crate) fn gradient_of_crate(activation: Activation, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let [x, dy] = [x, dy].map(|data| GPU.upload(data).expect("room"));
    let dx = activation.on(&GPU).and_then(|f| f.gradient(&x, &dy)).expect("valid");
    GPU.download(&dx).expect("a working device")
}

/// The gradient of the sum of `dy · f(x)`. `backward` sums by itself; Mesa 22.3's compiler crashes on Burn's SPIR-V of `sum`.
pub(crate) fn gradient(x: Tensor<1>, dy: &[f32], f: impl Fn(Tensor<1>) -> Tensor<1>) -> Vec<f32> {
    let device = x.device();
    let x = x.require_grad();
    let gradients = (f(x.clone()) * tensor(dy, &device)).backward();
    values(x.grad(&gradients).expect("x has a gradient"))
}

#[track_caller]
pub(crate) fn assert_bits(got: &[f32], expected: &[f32], what: impl std::fmt::Display) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let differs = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits();
    if let Some(i) = got.iter().zip(expected).position(differs) {
        panic!("{what}: element {i} is {:?} and not {:?}", got[i], expected[i]);
    }
}
