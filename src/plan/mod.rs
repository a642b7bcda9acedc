//! Floor 5: which dispatches a request takes, what they bind and what their uniforms say.
//!
//! May use the floors below.

pub(crate) mod elementwise;
pub(crate) mod launch_config;
pub(crate) mod ranges;
pub(crate) mod request;
pub(crate) mod spans;
pub(crate) mod strided;
