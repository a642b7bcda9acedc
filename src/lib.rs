//! The activation layer for [`wgpu`]: ReLU and over 20 other activations with their gradients, as compute shaders on
//! GPU buffers that you own. Piecewise linear functions are exact, smooth ones within 2 ulp. Results are the same to the
//! last bit on every device.
//!
//! ```
//! use wgpu_relu::{Activation, Gpu};
//!
//! let gpu = Gpu::new()?; // the best adapter; honours WGPU_BACKEND and WGPU_ADAPTER_NAME
//! let x = gpu.upload(&[-1.0, 0.0, 2.0])?; // a wgpu::Buffer
//! let y = Activation::Gelu.on(&gpu)?.apply(&x)?; // a new one
//! assert_eq!(gpu.download(&y)?, [-0.15865526, 0.0, 1.9544997]);
//! # Ok::<(), wgpu_relu::Error>(())
//! ```
//!
//! # Which type do I take?
//!
//! | task | type |
//! | --- | --- |
//! | open a device, or adopt yours; upload and download | [`Gpu`], with [`GpuOptions`] to choose the adapter |
//! | name an activation, also from text | [`Activation`]; [`Activation::on`] makes the operator |
//! | apply it, or its gradient, to buffers and textures | [`GpuActivation`]; [`GpuRelu`] is the same type: `GpuRelu::new(&gpu)` is ReLU |
//! | pass a range, rows or strides of a buffer | [`View`] |
//! | use f16 or bf16, or convert in the same pass | [`ElementType`], with [`GpuActivation::with_element`] |
//! | add a bias or a residual, or write a mask, in the same pass | [`Fusion`], with [`Channels`] |
//! | record into your own compute pass | [`Prepared`], from [`GpuActivation::prepare`] |
//! | learn the slopes of a PReLU | [`GpuPrelu`] |
//! | gate one half with the other; join f(x) and f(-x) | [`GpuGlu`]; [`GpuCrelu`] |
//! | send host data of any size through the device | [`Stream`] |
//! | draw initial weights, or random slopes | [`Init`]; [`Draw`] |
//! | find dead and saturated units | [`UnitMonitor`] |
//! | call an activation in your own shader | [`wgsl`] |
//! | launch dispatches in your own engine | [`plan`] |
//! | check results on the CPU, in f64 | [`mod@reference`] |
//!
//! [`Stream`] and [`UnitMonitor`] do not exist in browser builds. [`Init`] needs the feature `init`, which is on by
//! default.
//!
//! # What holds everywhere?
//!
//! - f(x) is NaN if and only if x is NaN. At ±∞, value and derivative are the limits.
//! - A length can be anything from 0 to more than the device's binding limit. Nothing outside the given range is
//!   written.
//! - Bad input is a typed [`Error`] with the remedy. No call panics or reaches your device's error handler, except in a
//!   browser, where wgpu cannot catch device errors in time.
//! - `apply*` and `gradient*` submit and return at once. Downloads, streams, `forward` and statistics wait.
//!
//! # Where do I read on?
//!
//! The guide has a page per task. It is in the folder `docs/guide` of the package, which docs.rs shows under "Source",
//! and of the repository. Its code is tested.
//!
//! | page | task |
//! | --- | --- |
//! | `docs/guide/buffers.md` | apply an activation to a buffer, or to host data |
//! | `docs/guide/renderer.md` | record into your own compute pass; textures |
//! | `docs/guide/shaders.md` | call an activation in your own shader |
//! | `docs/guide/browser.md` | run it on a web page |
//! | `docs/guide/halves-and-views.md` | f16 and bf16; ranges, rows and strides |
//! | `docs/guide/training.md` | gradients, masks, slopes, gated units, initial weights, dead units |
//! | `docs/guide/streams.md` | host data of any size |
//! | `docs/guide/command-line.md` | the tool `wgpu-relu` |
//! | `docs/guide/measuring.md` | accuracy and speed on your device |
//! | `docs/guide/troubleshooting.md` | errors, and what to do |
//!
//! `ARCHITECTURE.md` and `docs/design` say how the crate is built, and why.

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
/// The crate of random number generators, of which [`Init::fill`] takes one.
#[cfg(feature = "init")]
pub use rand;
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_is_short() {
        let prose = include_str!("../README.md").split("```").step_by(2);
        let words: usize = prose.map(|text| text.split_whitespace().count()).sum();
        assert!(
            words <= 900,
            "README.md has {words} words outside code blocks, more than 900; move some to docs/guide"
        );
    }
}
