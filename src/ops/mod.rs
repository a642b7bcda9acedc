//! Floor 7: the operators, on buffers and textures.
//!
//! May use the floors below, but not `init`.

pub(crate) mod activation;
pub(crate) mod channel_sums;
pub(crate) mod crelu;
pub(crate) mod fused;
pub(crate) mod glu;
pub(crate) mod prelu;
pub(crate) mod prewarm;
pub(crate) mod statistics;
pub(crate) mod texture;
