//! The activations of [`wgpu_relu`] as operations and modules of [Burn](https://burn.dev).
//!
//! ```
//! use burn::tensor::{Device, DeviceKind, Tensor};
//! use wgpu_relu_burn::{Activation, activate};
//!
//! let device = Device::wgpu(DeviceKind::DefaultDevice);
//! let x = Tensor::<2>::from_floats([[-1.0, 2.0], [3.0, -4.0]], &device);
//! let y: Vec<f32> = activate(x, Activation::Relu).into_data().try_to_vec().unwrap();
//! assert_eq!(y, [0.0, 2.0, 3.0, 0.0]);
//! ```
//!
//! Burn's own runtime launches the crate's shaders, in its own passes and its own memory. Values and gradients have the
//! same bits as those of `GpuActivation`. Burn must compile WGSL: its features `vulkan` and `metal` are refused, see
//! [`Error::Runtime`].

mod error;
mod kernel;
pub mod nn;
mod operation;

pub use error::Error;
pub use operation::{activate, try_activate};
pub use wgpu_relu::Activation;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/burn.md")]
struct Guide;
