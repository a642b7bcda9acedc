//! Floor 5: which dispatches a request takes, what they bind and what their uniforms say.
//!
//! May use the floors below.

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
pub use request::Request;
