//! Operands that are added in the pass of an activation.

use crate::args::channels::Channels;
use crate::args::view::View;
use crate::operand::{OPERANDS, Operand};

/// Additions that an operator does in the same pass: y = f(x + bias) + residual. Each saves a pass over the
/// data.
///
/// A bias has the element type of x, a residual that of y. The sum x + bias is rounded to f32 before the activation, so
/// the result is the same as that of an addition and then the activation in f32.
///
/// ```
/// use wgpu_relu::{Channels, Fusion, Gpu, GpuRelu};
///
/// let gpu = Gpu::new()?;
/// let relu = GpuRelu::new(&gpu);
/// let x = gpu.upload(&[-1.0, 2.0, -3.0, 4.0])?; // two rows of two units
/// let bias = gpu.upload(&[2.0, -3.0])?; // one per unit
/// let skipped = gpu.upload(&[10.0; 4])?;
///
/// let fusion = Fusion::new().channel_bias(&bias, Channels::last(2)).residual(&skipped);
/// let y = relu.apply_fused(&x, fusion)?;
/// assert_eq!(gpu.download(&y)?, [11.0, 10.0, 10.0, 11.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Fusion<'a> {
    /// One entry per row of the operand table.
    operands: [Option<Fused<'a>>; OPERANDS.len()],
}

/// An operand of a fusion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fused<'a> {
    pub(crate) operand: Operand,
    pub(crate) values: View<'a>,
    /// None: indexed as the operand table says.
    pub(crate) channels: Option<Channels>,
}

impl<'a> Fusion<'a> {
    /// No additions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The operands.
    pub(crate) fn operands(&self) -> impl Iterator<Item = Fused<'a>> {
        self.operands.iter().flatten().copied()
    }

    fn with(
        mut self,
        operand: Operand,
        values: impl Into<View<'a>>,
        channels: Option<Channels>,
    ) -> Self {
        if let Some(row) = operand.row() {
            self.operands[row] = Some(Fused { operand, values: values.into(), channels });
        }
        self
    }

    /// Adds an element of `bias` to each element before the activation. It may be a range of the output's
    /// buffer under the same rules as x.
    #[must_use]
    pub fn bias(self, bias: impl Into<View<'a>>) -> Self {
        self.with(Operand::Bias, bias, None)
    }

    /// Adds the value of its channel to each element before the activation. `bias` has one value per channel, and is in
    /// another buffer than the output.
    #[must_use]
    pub fn channel_bias(self, bias: impl Into<View<'a>>, channels: Channels) -> Self {
        self.with(Operand::Bias, bias, Some(channels))
    }

    /// Adds an element of `residual` to each result of the activation. It may be the output itself.
    ///
    /// Its gradient is dy. The gradients of x and of the bias do not depend on it.
    #[must_use]
    pub fn residual(self, residual: impl Into<View<'a>>) -> Self {
        self.with(Operand::Residual, residual, None)
    }

    /// Also writes the mask that [`GpuActivation::mask_gradient`](crate::GpuActivation::mask_gradient) needs instead of
    /// x. `mask` is a buffer of its own, of [`GpuActivation::mask_size`](crate::GpuActivation::mask_size) bytes.
    #[must_use]
    pub fn mask(self, mask: impl Into<View<'a>>) -> Self {
        self.with(Operand::Mask, mask, None)
    }
}
