//! Floor 4: the arguments of operators. Ranges of buffers, channels, additions, draws.
//!
//! May use the floors below, but not `shader`.

pub(crate) mod channels;
pub(crate) mod draw;
pub(crate) mod fusion;
pub(crate) mod range;
pub(crate) mod view;
