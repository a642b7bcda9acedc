//! What can be wrong with a call.

use burn::tensor::DType;

/// Why an activation cannot run on a tensor.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tensor's element type is none that activations take.
    #[error(
        "the tensor has dtype {}, but activations take f32 and f16; cast the tensor",
        dtype.name()
    )]
    DType {
        /// The tensor's.
        dtype: DType,
    },
    /// The tensor's device compiles no WGSL.
    #[error(
        "the tensor is on {device}, which runs {runtime} kernels, but activations need {}; \
         use a wgpu device, and build Burn without its features vulkan and metal",
        crate::kernel::RUNTIME
    )]
    Runtime {
        /// The tensor's device.
        device: String,
        /// The name of the device's runtime and compiler.
        runtime: String,
    },
    /// The text of a configuration, a parameter of the activation or the tensor's size.
    #[error(transparent)]
    Activation(#[from] wgpu_relu::Error),
}
