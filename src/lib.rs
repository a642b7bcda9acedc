//! The activation layer for [`wgpu`]: ReLU, its gradient and its family, on GPU buffers.
//!
//! ```
//! use wgpu_relu::{Activation, Gpu, GpuRelu};
//!
//! let gpu = Gpu::new()?; // the best adapter; honours WGPU_BACKEND and WGPU_ADAPTER_NAME
//! let relu = GpuRelu::new(&gpu);
//! let x = gpu.upload(&[-1.0f32, 0.0, 2.0])?; // a wgpu::Buffer
//! let y = relu.apply(&x)?; // a new one
//! assert_eq!(gpu.download(&y)?, [0.0, 0.0, 2.0]);
//!
//! let dy = gpu.upload(&[1.0f32, 1.0, 1.0])?;
//! let dx = relu.gradient(&x, &dy)?; // dL/dx from x and dL/dy
//! assert_eq!(gpu.download(&dx)?, [0.0, 0.0, 1.0]);
//!
//! let elu = Activation::Elu { alpha: 1.0 }.on(&gpu)?;
//! elu.apply_into(&x, &y)?; // the caller's output
//! elu.apply_in_place(&x)?; // no second buffer
//! # Ok::<(), wgpu_relu::Error>(())
//! ```
//!
//! - [`Gpu`] is a device, made or adopted ([`Gpu::from_device`]), with upload and download.
//! - [`GpuActivation`] applies an [`Activation`], and its gradient, to buffers or ranges of them ([`View`]). [`GpuRelu`]
//!   is the same type, and `GpuRelu::new(&gpu)` is plain ReLU.
//! - [`GpuPrelu`] learns its slopes, and [`GpuGlu`] gates one half of its inputs with the other.
//! - [`Prepared`] is an operation for the caller's own compute pass: checked and bound once, recorded
//!   in every frame.
//! - [`Stream`] takes host arrays of any size, readers and writers through the device in chunks.
//! - [`Init`] makes initial weights, on the host and on the device.
//! - [`UnitMonitor`] counts the dead and saturated units of a layer, step by step.
//! - [`plan`] describes operations as plain data, for engines that launch dispatches themselves.
//! - [`wgsl`] has the activations' sources, for shaders of one's own.
//! - [`mod@reference`] is the CPU reference in f64 that every result is checked against.
//!
//! What holds everywhere: f(x) is NaN if and only if x is; at ±∞ value and derivative are the limits;
//! lengths are free, from 0 to past the device's binding limit; nothing outside the given range is
//! written; bad input is a typed [`Error`] with the remedy, and wgpu's error handlers are left alone.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod activation;
mod args;
mod device;
mod element;
mod error;
#[cfg(feature = "init")]
mod init;
mod minify;
mod operand;
mod ops;
pub mod plan;
mod shader;
#[cfg(not(target_arch = "wasm32"))]
mod stream;
pub mod wgsl;

pub use activation::table::{Gradient, Tolerance};
pub use activation::{Activation, reference};
pub use args::channels::Channels;
pub use args::draw::Draw;
pub use args::fusion::Fusion;
pub use args::view::View;
pub use device::Gpu;
pub use device::adapter::GpuOptions;
pub use device::prepared::Prepared;
pub use device::transfer::Download;
pub use element::{Element, ElementType};
pub use error::{Error, Result};
/// The crate of 16-bit floats whose types this crate takes and returns.
pub use half;
#[cfg(feature = "init")]
pub use init::{Fan, Init};
pub use operand::Operand;
pub use ops::activation::{GpuActivation, GpuRelu};
pub use ops::crelu::GpuCrelu;
pub use ops::glu::GpuGlu;
pub use ops::prelu::GpuPrelu;
pub use ops::statistics::Unit;
#[cfg(not(target_arch = "wasm32"))]
pub use ops::statistics::monitor::{UnitMonitor, UnitReport};
#[cfg(not(target_arch = "wasm32"))]
pub use stream::Stream;
/// The wgpu whose types this crate takes and returns.
pub use wgpu;

// The code of README.md and of the guide compiles and runs.
#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/buffers.md")]
struct GuideBuffers;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/renderer.md")]
struct GuideRenderer;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/shaders.md")]
struct GuideShaders;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/browser.md")]
struct GuideBrowser;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/halves-and-views.md")]
struct GuideHalvesAndViews;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/training.md")]
struct GuideTraining;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/streams.md")]
struct GuideStreams;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/command-line.md")]
struct GuideCommandLine;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/measuring.md")]
struct GuideMeasuring;

#[cfg(all(doctest, feature = "init"))]
#[doc = include_str!("../docs/guide/troubleshooting.md")]
struct GuideTroubleshooting;
