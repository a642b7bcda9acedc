//! Concatenated units: an activation of the input and of the negated input.

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::ops::glu::halves;

/// Computes a concatenated ReLU on a device: y = [f(x), f(-x)] (Shang et al., 2016), joined along an axis as by
/// TensorFlow's `tf.nn.crelu`. f is ReLU, or [any activation](GpuCrelu::with_activation).
///
/// y and dy are twice as long as x along the axis. The axis is given for x: its `count` is the length of x along it,
/// and [`Channels::last`] makes the last axis. y and dy are contiguous.
///
/// Both halves are as exact as the activation itself. dx is the rounded difference of two rounded products, and a
/// product is 0 where a piecewise activation's derivative is, even if dy is infinite or NaN. Views, element types and
/// errors are those of [`GpuActivation`]. Errors say y and dy for f(x) and its gradient, and negated y and dy for f(-x)
/// and its gradient.
///
/// ```
/// use wgpu_relu::{Channels, Gpu, GpuCrelu};
///
/// let gpu = Gpu::new()?;
/// let crelu = GpuCrelu::new(&gpu);
/// let x = gpu.upload(&[1.0, -2.0, -3.0, 4.0])?; // [2, 2]
/// let y = crelu.apply(&x, Channels::last(2))?; // [2, 4]
/// assert_eq!(gpu.download(&y)?, [1.0, 0.0, 0.0, 2.0, 0.0, 4.0, 3.0, 0.0]);
///
/// let dy = gpu.upload(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])?; // [2, 4]
/// let dx = crelu.gradient(&x, &dy, Channels::last(2))?; // [2, 2]
/// assert_eq!(gpu.download(&dx)?, [1.0, -4.0, -7.0, 6.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GpuCrelu {
    pub(crate) relu: GpuActivation,
}

impl GpuCrelu {
    /// Makes the operator of y = [relu(x), relu(-x)].
    #[must_use]
    pub fn new(gpu: &Gpu) -> Self {
        GpuCrelu { relu: GpuActivation::new(gpu) }
    }

    /// Makes the operator of y = [f(x), f(-x)] with any activation.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn with_activation(gpu: &Gpu, activation: Activation) -> Result<Self> {
        Ok(GpuCrelu { relu: activation.on(gpu)? })
    }

    /// Returns the same operator for elements of another type. See [`GpuActivation::with_element`].
    #[must_use]
    pub fn with_element(&self, element: ElementType) -> Self {
        GpuCrelu { relu: self.relu.with_element(element) }
    }

    /// Returns the same operator with y and dy of another type than x. See [`GpuActivation::with_output_element`].
    #[must_use]
    pub fn with_output_element(&self, element: ElementType) -> Self {
        GpuCrelu { relu: self.relu.with_output_element(element) }
    }

    /// Returns the same operator with gradients that add to dx. See [`GpuActivation::accumulating`].
    #[must_use]
    pub fn accumulating(&self) -> Self {
        GpuCrelu { relu: self.relu.accumulating() }
    }

    /// The activation.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.relu.activation
    }

    /// Computes y = [f(x), f(-x)] into a new buffer, twice as long as x, in one pass. Moves 12 bytes per element of x,
    /// and 8 more to clear a buffer that was not [recycled](crate::Gpu::recycle).
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for an x that is no whole number of rows, and those of [`GpuActivation`].
    pub fn apply<'a>(&self, x: impl Into<View<'a>>, axis: Channels) -> Result<wgpu::Buffer> {
        let x = x.into();
        let length = x.storage(Operand::X, self.relu.element(Operand::X))?;
        axis.check(length)?;
        let size = length.saturating_mul(2 * self.relu.element(Operand::Y).size());
        let buffer = self.relu.gpu.output(size)?;
        self.apply_into(x, axis, View { buffer: &buffer, offset: 0, size, layout: None })?;
        Ok(buffer)
    }

    /// Computes y = [f(x), f(-x)] into the caller's buffer. Reads 4 and writes 8 bytes per element of x.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](GpuCrelu::prepare).
    pub fn apply_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare(x, axis, y)?.run()
    }

    /// Computes dx = dL/dx = dy · f'(x) - dy' · f'(-x) into a new buffer, in one pass. dy and dy' are the halves of
    /// dL/dy. Reads 12 and writes 4 bytes per element of x, and wgpu clears the new buffer first (4 more).
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](GpuCrelu::prepare).
    pub fn gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        self.relu.to_new_buffer(&[(Operand::X, x)], Operand::Dx, |dx| {
            self.prepare_gradient(x, dy, axis, dx)
        })
    }

    /// Computes [`gradient`](GpuCrelu::gradient) into the caller's buffer, which may be that of x.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](GpuCrelu::prepare).
    pub fn gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient(x, dy, axis, dx)?.run()
    }

    /// Checks, binds and sizes y = [f(x), f(-x)] once; see [`GpuActivation::prepare`].
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for an x or y that is no whole number of rows,
    /// [`Error::Strided`] for a y in rows or strides, [`Error::LengthMismatch`] for a y that is not twice as long as x,
    /// [`Error::ShapeMismatch`] for an x whose rows are not those of the axis, and those
    /// of [`GpuActivation`].
    pub fn prepare<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, y) = (x.into(), y.into());
        let [half, negated] = self.halves(Operand::Y, y, axis)?;
        self.check_joined(Operand::Y, y, x)?;
        let call = self.relu.forward_call().with(Operand::Y, half);
        call.with(Operand::YNegated, negated).with(Operand::X, x).prepare(&self.relu.gpu)
    }

    /// Checks, binds and sizes [`gradient`](GpuCrelu::gradient) once.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](GpuCrelu::prepare).
    pub fn prepare_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, dy) = (x.into(), dy.into());
        let [half, negated] = self.halves(Operand::Dy, dy, axis)?;
        self.check_joined(Operand::Dy, dy, x)?;
        let call = self.relu.gradient_call(dx).with(Operand::X, x).with(Operand::Dy, half);
        call.with(Operand::DyNegated, negated).prepare(&self.relu.gpu)
    }

    /// Checks that y or dy has twice as many elements as x. The checks of the operation itself know the halves only.
    fn check_joined(&self, operand: Operand, y: View<'_>, x: View<'_>) -> Result<()> {
        let length = y.size / self.relu.element(operand).size();
        let x = x.storage(Operand::X, self.relu.element(Operand::X))?;
        let (reference, expected) = (Operand::XJoined, x.saturating_mul(2));
        if length == expected {
            return Ok(());
        }
        Err(Error::LengthMismatch { operand, length, reference, expected })
    }

    /// The halves of y or dy, for an axis of x.
    fn halves<'a>(&self, operand: Operand, y: View<'a>, axis: Channels) -> Result<[View<'a>; 2]> {
        let both = Channels { count: axis.count.saturating_mul(2), ..axis };
        halves((operand, self.relu.element(operand)), y, both)
    }
}
