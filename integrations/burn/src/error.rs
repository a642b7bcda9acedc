//! What can be wrong with a call.

use burn::tensor::DType;

/// Why an operation cannot run on a tensor.
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
    /// Two tensors of one operation differ.
    #[error("{operand} has the {property} {found}, but must have {expected}; {remedy}")]
    Mismatch {
        /// The tensor that differs.
        operand: &'static str,
        /// What differs: shape, dtype, device or size.
        property: &'static str,
        /// That of the operand.
        found: String,
        /// That of the other tensor.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A dimension of the tensor is too long for the shaders, which count its elements in 32 bits.
    #[error("a tensor of the shape {shape:?} has a dimension of 2^32 or more elements; split it")]
    TooLarge {
        /// The tensor's.
        shape: Vec<usize>,
    },
    /// The tensor's device compiles no WGSL, and its wgpu device is not known.
    #[error(
        "the tensor is on {device}, which runs {runtime} kernels, but activations need {}; use a wgpu device that \
         wgpu_relu_burn::device::open set up before its first use, or build Burn without its features vulkan and metal",
        crate::kernel::RUNTIME
    )]
    Runtime {
        /// The tensor's device.
        device: String,
        /// The name of the device's runtime and compiler.
        runtime: String,
    },
    /// A tensor with autodiff has no buffer to give away, because a gradient graph does not see what happens to buffers.
    #[error(
        "the tensor is on {device}, but the buffers of a gradient graph cannot be accessed; pass tensor.inner(), and \
         make the result a tensor of the device again with Tensor::from_inner"
    )]
    Autodiff {
        /// The tensor's device.
        device: String,
    },
    /// Burn or its runtime could not do what the call needs.
    #[error("{doing} failed: {reason}; {remedy}")]
    Burn {
        /// What was being done.
        doing: &'static str,
        /// Burn's text.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The text of a configuration, a parameter of the activation or the tensor's size.
    #[error(transparent)]
    Activation(#[from] wgpu_relu::Error),
}
