//! Leaky ReLU with slopes that are learned.

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::range::Layout;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::ops::channel_sums::{self, Terms};
use crate::shader::sum::SumInput;

/// Computes a PReLU on a device: x for x > 0, else w · x, and the gradients of x and of the slopes (He et al., 2015).
/// The slopes w are in a buffer, one for all elements or one per channel.
///
/// At 0 and for NaN the derivative is w, as in PyTorch. At -∞ with a slope of 0 the value is the limit, which is 0.
/// Slopes are f32, of any size and sign. They are read when an operation runs, so an optimiser may change them in
/// between. Views, element types, accumulation and errors are those of [`GpuActivation`].
///
/// ```
/// use wgpu_relu::{Channels, Gpu, GpuPrelu};
///
/// let gpu = Gpu::new()?;
/// let weights = gpu.upload(&[0.25, 0.5])?; // one per channel
/// let prelu = GpuPrelu::with_channels(&gpu, &weights, Channels::last(2));
/// let x = gpu.upload(&[-4.0, -4.0, 1.0, 2.0])?; // [2, 2]
/// assert_eq!(gpu.download(&prelu.apply(&x)?)?, [-1.0, -2.0, 1.0, 2.0]);
///
/// let dy = gpu.upload(&[1.0, 1.0, 1.0, 1.0])?;
/// let dx = prelu.gradient(&x, &dy)?;
/// assert_eq!(gpu.download(&dx)?, [0.25, 0.5, 1.0, 1.0]);
/// let dw = prelu.weight_gradient(&x, &dy)?;
/// assert_eq!(gpu.download(&dw)?, [-4.0, -4.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GpuPrelu {
    pub(crate) relu: GpuActivation,
    weights: wgpu::Buffer,
    /// The range of the slopes, in bytes.
    offset: u64,
    size: u64,
    layout: Option<Layout>,
    channels: Channels,
}

impl GpuPrelu {
    /// Makes the operator with one slope for all elements. It keeps the buffer and does not copy it.
    pub fn new<'a>(gpu: &Gpu, weight: impl Into<View<'a>>) -> Self {
        Self::with_channels(gpu, weight, Channels::last(1))
    }

    /// Makes the operator with one slope per channel: [`Channels::second`] for `[N, C, spatial…]`, [`Channels::last`]
    /// for channels-last. It keeps the buffer and does not copy it.
    pub fn with_channels<'a>(gpu: &Gpu, weights: impl Into<View<'a>>, channels: Channels) -> Self {
        let View { buffer, offset, size, layout } = weights.into();
        // The activation whose kernels have slopes. Its bounds have no effect, because the slopes are given.
        let activation = Activation::Rrelu { lower: 0.0, upper: 0.0 };
        let relu = GpuActivation { activation, ..GpuActivation::new(gpu) };
        GpuPrelu { relu, weights: buffer.clone(), offset, size, layout, channels }
    }

    /// Returns the same operator with x and y of another type. Slopes and their gradient remain f32. See
    /// [`GpuActivation::with_element`].
    #[must_use]
    pub fn with_element(&self, element: ElementType) -> Self {
        GpuPrelu { relu: self.relu.with_element(element), ..self.clone() }
    }

    /// Returns the same operator with y and dy of another type than x. See [`GpuActivation::with_output_element`].
    #[must_use]
    pub fn with_output_element(&self, element: ElementType) -> Self {
        GpuPrelu { relu: self.relu.with_output_element(element), ..self.clone() }
    }

    /// Returns the same operator with gradients that add to dx and dw. See [`GpuActivation::accumulating`].
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuPrelu};
    /// # let gpu = Gpu::new()?;
    /// let weight = gpu.upload(&[0.25])?;
    /// let prelu = GpuPrelu::new(&gpu, &weight).accumulating();
    /// let (x, dy) = (gpu.upload(&[-4.0, 2.0])?, gpu.upload(&[1.0, 3.0])?);
    /// let dw = gpu.upload(&[10.0])?;
    /// prelu.weight_gradient_into(&x, &dy, &dw)?; // dw += x · dy, of -4 alone
    /// assert_eq!(gpu.download(&dw)?, [6.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn accumulating(&self) -> Self {
        GpuPrelu { relu: self.relu.accumulating(), ..self.clone() }
    }

    /// The same operator with other channels.
    pub(crate) fn of_channels(&self, channels: Channels) -> Self {
        GpuPrelu { channels, ..self.clone() }
    }

    /// The slopes.
    #[must_use]
    pub fn weights(&self) -> View<'_> {
        let GpuPrelu { weights: buffer, offset, size, layout, .. } = self;
        View { buffer, offset: *offset, size: *size, layout: *layout }
    }

    /// The channels of the slopes.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// Computes y into a new buffer of the same length. Moves 8 bytes per element, and 4 more to clear a buffer that
    /// was not [recycled](Gpu::recycle).
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, [`Error::ChannelLength`] for slopes that
    /// are not one per channel, [`Error::SharedBuffer`] for slopes in the output's buffer, and those of
    /// [`GpuActivation`].
    pub fn apply<'a>(&self, x: impl Into<View<'a>>) -> Result<wgpu::Buffer> {
        let x = x.into();
        self.relu.to_new_buffer(&[(Operand::X, x)], Operand::Y, |y| self.prepare(x, y))
    }

    /// Computes y into the caller's buffer. Reads 4 and writes 4 bytes per element.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn apply_into<'a>(&self, x: impl Into<View<'a>>, y: impl Into<View<'a>>) -> Result<()> {
        self.prepare(x, y)?.run()
    }

    /// Computes y in place of x.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn apply_in_place<'a>(&self, x: impl Into<View<'a>>) -> Result<()> {
        let x = x.into();
        self.apply_into(x, x)
    }

    /// Computes dx = dL/dx from x and dy = dL/dy into a new buffer. Moves 12 bytes per element, and 4 more to clear a
    /// buffer that was not [recycled](Gpu::recycle).
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        let inputs = [(Operand::X, x), (Operand::Dy, dy)];
        self.relu.to_new_buffer(&inputs, Operand::Dx, |dx| self.prepare_gradient(x, dy, dx))
    }

    /// Computes dx into the caller's buffer, which may be that of x or dy. Reads 8 and writes 4 bytes per element.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient(x, dy, dx)?.run()
    }

    /// Computes dw = dL/dw into a new buffer of one f32 per channel: the sum of x · dy over the elements of each
    /// channel that are not above 0. Reads 8 bytes per element.
    ///
    /// The order of the additions is the same in every run and on every device. For n elements, the error is at most 64
    /// · log₆₄ n rounding errors of the sum of the terms' magnitudes. A term of -∞ and 0 is NaN.
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, [`Error::Strided`] for x or dy in rows or
    /// strides, and those of [`GpuActivation`].
    pub fn weight_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        let dw = self.relu.gpu.buffer(4 * u64::from(self.channels.count), false)?;
        self.prepare_weight_gradient(x, dy, &dw)?.run()?;
        Ok(dw)
    }

    /// Computes dw into the caller's buffer, which is neither that of x nor that of dy. If it
    /// [accumulates](GpuPrelu::accumulating), the old value is added last.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_weight_gradient`](GpuPrelu::prepare_weight_gradient).
    pub fn weight_gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dw: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_weight_gradient(x, dy, dw)?.run()
    }

    /// Checks, binds and sizes y once; see [`GpuActivation::prepare`].
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn prepare<'a>(&self, x: impl Into<View<'a>>, y: impl Into<View<'a>>) -> Result<Prepared> {
        let call = self.relu.forward_call().with(Operand::Y, y).with(Operand::X, x);
        let call = call.with_channels(Operand::Weight, self.weights(), Some(self.channels));
        call.prepare(&self.relu.gpu)
    }

    /// Checks, binds and sizes dx once.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](GpuPrelu::apply).
    pub fn prepare_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.relu.gradient_call(dx).with(Operand::X, x).with(Operand::Dy, dy);
        let call = call.with_channels(Operand::Weight, self.weights(), Some(self.channels));
        call.prepare(&self.relu.gpu)
    }

    /// Checks, binds and sizes dw once. The operation keeps a buffer for intermediate sums, of at most a 16th of x, or
    /// a few rows.
    ///
    /// # Errors
    ///
    /// As [`weight_gradient`](GpuPrelu::weight_gradient); [`Error::ChannelLength`] for dw that is not one a
    /// channel, and [`Error::SharedBuffer`] for dw in the buffer of x or dy.
    pub fn prepare_weight_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dw: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, dy, dw) = (x.into(), dy.into(), dw.into());
        let terms = Terms {
            input: SumInput::Slopes(self.relu.elements),
            accumulates: self.relu.accumulates,
            operands: &[x, dy],
        };
        channel_sums::prepare(&self.relu.gpu, terms, self.channels, dw)
    }
}
