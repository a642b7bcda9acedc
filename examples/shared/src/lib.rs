//! Code that several examples of wgpu-relu share.

pub mod curve;
#[cfg(feature = "network")]
pub mod network;
#[cfg(feature = "picture")]
pub mod picture;
#[cfg(feature = "network")]
pub mod playground;
pub mod viewport;
