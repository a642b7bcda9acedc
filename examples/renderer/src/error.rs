//! Every error, with its remedy.

use std::path::PathBuf;

use crate::field::FieldError;

/// The example's result.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Crate(#[from] wgpu_relu::Error),
    #[error("{}: {error}; write one with `cargo run --release --example train_field`", path.display())]
    Field { path: PathBuf, error: FieldError },
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("{what} takes {size} bytes, but this device binds {limit} bytes at most; {remedy}")]
    TooLarge { what: &'static str, size: u64, limit: u64, remedy: &'static str },
    #[error(
        "a picture of {width} x {height} pixels is not to be had here: this device draws 1 x 1 to {limit} x {limit}; \
         choose another --size"
    )]
    Size { width: u32, height: u32, limit: u32 },
    #[error(
        "adapter {adapter} cannot read buffers in fragment shaders; choose another one by WGPU_ADAPTER_NAME"
    )]
    FragmentStorage { adapter: String },
    #[error(
        "the device was lost: {reason}; start again, and if it happens again, update the driver"
    )]
    DeviceLost { reason: String },
    #[error("the device refused: {reason}")]
    Refused { reason: String },
    #[error("no window: {reason}; without a display, take --offscreen picture.png")]
    Window { reason: String },
}
