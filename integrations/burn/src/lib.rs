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
//! same bits as those of `GpuActivation`, but a gradient that comes from a mask may be another NaN. Where Burn compiles no
//! WGSL, with its features `vulkan` and `metal`, the package launches them itself, on devices that [`device`] set up.

mod activation;
mod call;
pub mod device;
mod direct;
mod error;
mod gate;
mod kernel;
pub mod nn;
mod operation;
mod prelu;
#[cfg(feature = "remote")]
mod remote;

pub use activation::{activate, rrelu, try_activate};
pub use error::Error;
pub use gate::{gate, glu};
pub use prelu::prelu;
#[cfg(feature = "remote")]
pub use remote::{probe, register};
pub use wgpu_relu::{Activation, Draw};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/burn.md")]
struct Guide;
