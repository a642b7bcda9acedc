//! Operations as plain data, for engines that launch dispatches themselves.
//!
//! A [`Planner`] has the numbers of a device. A [`Request`] has an activation and a [`BufferRange`] per operand. A
//! [`SumRequest`] has the ranges of sums over channels. The [`Plan`] of either says which shaders to dispatch, in which
//! order, and what each binds. No step needs a device object, so an engine with its own memory pool, pipeline cache and
//! encoder can run the crate's operations. Programs that leave the launching to this crate use
//! [`GpuActivation`](crate::GpuActivation), which takes the same way.
//!
//! ```
//! use wgpu_relu::plan::{BufferRange, Planner, Request};
//! use wgpu_relu::{Activation, Operand, wgpu};
//!
//! let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
//! let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty()).pooled();
//! let plan = Request::gradient(Activation::Gelu)
//!     .with(Operand::X, BufferRange::whole(0, 4096)) // tensor 0: 1024 f32
//!     .with(Operand::Dy, BufferRange::whole(1, 4096))
//!     .with(Operand::Dx, BufferRange::whole(1, 4096)) // in place of dy
//!     .plan(&planner)?;
//!
//! assert!(plan.scratch.is_empty());
//! for dispatch in &plan.dispatches {
//!     // Compile once per key, with the constants or with them written into the text.
//!     let (_key, _source) = (dispatch.key(), dispatch.source_with_constants());
//!     for binding in dispatch.bindings() {
//!         // Bind `size` bytes at the tensor's own start plus `offset`, as number 0, 1, 2, …
//!         assert!(binding.writable);
//!     }
//!     // The uniform is the last binding.
//!     assert_eq!(dispatch.uniform().len() % 16, 0);
//!     assert_eq!(dispatch.workgroups(), [1, 1, 1]);
//! }
//! # Ok::<(), wgpu_relu::Error>(())
//! ```
//!
//! - Dispatches depend on those before them. Within a compute pass, wgpu orders them by itself.
//! - Scratch buffers may hold anything at first, and nothing of them is read after the last dispatch.
//! - Shaders stay within the ranges that the plan binds, so they need no bounds checks.
//!
// Floor 5: which dispatches a request takes, what they bind and what their uniforms say. May use the floors below.

pub(crate) mod dispatch;
pub(crate) mod elementwise;
pub(crate) mod launch_config;
pub(crate) mod planner;
pub(crate) mod ranges;
pub(crate) mod reduce;
pub(crate) mod request;
pub(crate) mod spans;
pub(crate) mod strided;
pub(crate) mod sums;
pub(crate) mod uniform;

pub use crate::args::range::{BufferId, BufferRange};
pub use crate::shader::ShaderKey;
pub use dispatch::{Binding, Dispatch, Plan};
pub use planner::Planner;
pub use request::{Request, mask_size};
pub use sums::SumRequest;
