//! Pipelines compiled ahead of their first use.

use std::borrow::Borrow;

use crate::activation::Activation;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;

/// Elements that take every access of a contiguous operation: wide words, and a rest of single elements.
const LENGTH: u64 = 2049;

impl Gpu {
    /// Compiles ahead what [`GpuActivation`] needs for these activations on f32, so that their first use costs what
    /// every other does: [`GpuActivation::prewarm`] of each.
    ///
    /// ```
    /// use wgpu_relu::{Activation, Gpu, GpuRelu};
    ///
    /// let gpu = Gpu::new()?;
    /// gpu.prewarm([Activation::Relu, Activation::Gelu])?; // or Activation::ALL
    /// let x = gpu.upload(&[-1.0f32, 2.0])?;
    /// let y = GpuRelu::new(&gpu).apply(&x)?; // compiles nothing
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation::prewarm`], and [`Error::InvalidParameter`](crate::Error::InvalidParameter).
    pub fn prewarm<A: Borrow<Activation>>(
        &self,
        activations: impl IntoIterator<Item = A>,
    ) -> Result<()> {
        let mut activations = activations.into_iter();
        activations.try_for_each(|a| a.borrow().on(self)?.prewarm())
    }
}

impl GpuActivation {
    /// Compiles ahead what this operator needs for contiguous elements: value and gradient, to new buffers and in
    /// place. It applies them to buffers of its own once, since some drivers compile only then, and returns
    /// without waiting for that. Threads may do this at once, each with operators of its own, while others
    /// use what is compiled already.
    ///
    /// Additions, masks, rows and strides, textures and ranges that start at different places in a group of eight elements
    /// have pipelines of their own, which are compiled when first prepared or used: prepare such an
    /// operation ahead, on buffers of any size.
    ///
    /// # Errors
    ///
    /// As of all methods: a device that is lost, out of memory or short of a limit.
    pub fn prewarm(&self) -> Result<()> {
        let size = |operand| LENGTH * self.element(operand).size();
        let buffer = |operand| self.gpu.buffer(size(operand).next_multiple_of(4), false);
        let (x, y, dy, dx) =
            (buffer(Operand::X)?, buffer(Operand::Y)?, buffer(Operand::Dy)?, buffer(Operand::Dx)?);
        let view = |operand, buffer| View { buffer, offset: 0, size: size(operand), layout: None };
        let (x, y) = (view(Operand::X, &x), view(Operand::Y, &y));
        let (dy, dx) = (view(Operand::Dy, &dy), view(Operand::Dx, &dx));
        let mut steps = vec![self.prepare(x, y)?, self.prepare_gradient(x, dy, dx)?];
        if self.elements[0] == self.elements[1] {
            steps.push(self.prepare(x, x)?);
            if !self.accumulates {
                steps.push(self.prepare_gradient(x, dy, dy)?);
                steps.push(self.prepare_gradient(x, dy, x)?);
            }
        }
        Prepared::run_all(&steps).map(|_| ())
    }
}
