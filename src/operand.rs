//! The arguments of operations, as errors and shaders name them.

use std::fmt;

/// Which argument of an operation an [`Error`](crate::Error) speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operand {
    /// The input `x`.
    X,
    /// The output `y` of a forward operation.
    Y,
    /// The gradient of the loss with respect to the output.
    Dy,
    /// The gradient of the loss with respect to the input.
    Dx,
    /// What is added before the activation.
    Bias,
    /// What is added after the activation.
    Residual,
    /// The bits from which a gradient is taken without x.
    Mask,
    /// The slopes of a PReLU.
    Weight,
    /// The gradient of the loss with respect to the slopes.
    Dw,
    /// The input of a gated unit that goes through the activation.
    Gate,
    /// The gradient of the loss with respect to that input.
    Dgate,
    /// The statistics of units.
    Records,
    /// The range to read back.
    Source,
    /// The slice to read back into.
    Destination,
    /// The slice to upload.
    Data,
    /// The range to upload into.
    Target,
}

impl Operand {
    /// Its name in the shaders, where dx is the output, y.
    pub(crate) const fn wgsl(self) -> &'static str {
        match self {
            Operand::X => "x",
            Operand::Dy => "dy",
            Operand::Bias => "bias",
            Operand::Residual => "residual",
            Operand::Mask => "mask",
            Operand::Weight => "weight",
            Operand::Gate => "gate",
            Operand::Dgate => "dgate",
            // The others are never bound, but for the output.
            _ => "y",
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operand::X => "x",
            Operand::Y => "y",
            Operand::Dy => "dy",
            Operand::Dx => "dx",
            Operand::Bias => "bias",
            Operand::Residual => "residual",
            Operand::Mask => "mask",
            Operand::Weight => "weight",
            Operand::Dw => "dw",
            Operand::Gate => "gate",
            Operand::Dgate => "dgate",
            Operand::Records => "the range of records",
            Operand::Source => "the range to download",
            Operand::Destination => "the slice to download into",
            Operand::Data => "the slice to upload",
            Operand::Target => "the range to upload into",
        })
    }
}
