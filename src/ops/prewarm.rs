//! Pipelines compiled ahead of their first use.

use std::borrow::Borrow;

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::ops::crelu::GpuCrelu;
use crate::ops::glu::GpuGlu;
use crate::ops::prelu::GpuPrelu;

/// A length whose operation takes every width of a contiguous operation: vectors, and a rest of single elements.
const LENGTH: u64 = 2049;

impl Gpu {
    /// Compiles the pipelines of [`GpuActivation`] for these activations on f32, so that the first use costs no more
    /// than later ones. Calls [`GpuActivation::prewarm`] for each.
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation::prewarm`], and [`Error::InvalidParameter`](crate::Error::InvalidParameter).
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
    pub fn prewarm<A: Borrow<Activation>>(
        &self,
        activations: impl IntoIterator<Item = A>,
    ) -> Result<()> {
        let mut activations = activations.into_iter();
        activations.try_for_each(|a| a.borrow().on(self)?.prewarm())
    }
}

impl GpuActivation {
    /// Compiles this operator's pipelines for contiguous elements: value and gradient, to new buffers and in place. It
    /// runs each once on buffers of its own, because some drivers compile only then, and does not wait for that.
    /// Several threads may prewarm operators at once, while others use pipelines that are compiled already.
    ///
    /// Additions, masks, rows and strides, textures and ranges that are not equally aligned have pipelines of their
    /// own, which are compiled when they are first prepared or used. To compile them early, prepare such an operation
    /// on buffers of any size.
    ///
    /// # Errors
    ///
    /// Those of every method: a device that is lost, out of memory or short of a limit.
    pub fn prewarm(&self) -> Result<()> {
        let gradient = |x: View<'_>, dy: View<'_>, dx: View<'_>| self.prepare_gradient(x, dy, dx);
        let steps = elementwise(self, LENGTH, &|x, y| self.prepare(x, y), &gradient)?;
        Prepared::run_all(&steps).map(|_| ())
    }

    /// A new buffer for `length` elements of an operand.
    fn buffer_of(&self, operand: Operand, length: u64) -> Result<wgpu::Buffer> {
        self.gpu.buffer((length * self.element(operand).size()).next_multiple_of(4), false)
    }

    /// `length` elements of an operand from the start of a buffer.
    fn view_of<'a>(&self, operand: Operand, buffer: &'a wgpu::Buffer, length: u64) -> View<'a> {
        View { buffer, offset: 0, size: length * self.element(operand).size(), layout: None }
    }
}

/// The value and gradient of `length` elements, to new buffers and in place.
fn elementwise(
    operator: &GpuActivation,
    length: u64,
    value: &dyn Fn(View<'_>, View<'_>) -> Result<Prepared>,
    gradient: &dyn Fn(View<'_>, View<'_>, View<'_>) -> Result<Prepared>,
) -> Result<Vec<Prepared>> {
    let operands = [Operand::X, Operand::Y, Operand::Dy, Operand::Dx];
    let buffer = |operand| operator.buffer_of(operand, length);
    let [x, y, dy, dx] = operands.map(buffer);
    let buffers = [x?, y?, dy?, dx?];
    let view = |index: usize| operator.view_of(operands[index], &buffers[index], length);
    let [x, y, dy, dx] = [0, 1, 2, 3].map(view);
    let mut steps = vec![value(x, y)?, gradient(x, dy, dx)?];
    if operator.elements[0] == operator.elements[1] {
        steps.push(value(x, x)?);
        if !operator.accumulates {
            steps.push(gradient(x, dy, dy)?);
            steps.push(gradient(x, dy, x)?);
        }
    }
    Ok(steps)
}

impl GpuPrelu {
    /// Compiles this operator's pipelines for contiguous elements with its channels: value and gradients, to new
    /// buffers and, for x and dx, in place. See [`GpuActivation::prewarm`].
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation::prewarm`], and [`Error::ChannelLength`](crate::Error::ChannelLength) for slopes that
    /// are not one per channel.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu, GpuPrelu};
    /// # let gpu = Gpu::new()?;
    /// let weights = gpu.upload(&[0.25, 0.5])?;
    /// let prelu = GpuPrelu::with_channels(&gpu, &weights, Channels::last(2));
    /// prelu.prewarm()?;
    /// let y = prelu.apply(&gpu.upload(&[-4.0, -4.0])?)?; // compiles nothing
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn prewarm(&self) -> Result<()> {
        let Channels { count, inner } = self.channels();
        // A shader depends only on the remainder by eight, and shorter rows need less memory.
        let inner = if inner > 16 { 8 + inner % 8 } else { inner };
        let channels = Channels { count, inner };
        let short = self.of_channels(channels);
        // A few rows may be shorter than a vector. Of two successive numbers of rows, one is odd.
        let row = channels.row().max(1);
        let rows = LENGTH.div_ceil(row);
        let mut steps = Vec::new();
        for rows in [1, rows, rows + 1] {
            let gradient =
                |x: View<'_>, dy: View<'_>, dx: View<'_>| short.prepare_gradient(x, dy, dx);
            let value = |x: View<'_>, y: View<'_>| short.prepare(x, y);
            steps.extend(elementwise(&self.relu, rows * row, &value, &gradient)?);
        }
        // Rows whose sums are made eight at a time, four at a time and one by one, in one pass and in three.
        for (count, rows) in [8, 12, 7].into_iter().flat_map(|count| [(count, 20), (count, 9600)]) {
            let length = u64::from(count) * rows;
            let [x, dy] = [Operand::X, Operand::Dy].map(|o| self.relu.buffer_of(o, length));
            let (x, dy, dw) = (x?, dy?, self.relu.gpu.buffer(4 * u64::from(count), false)?);
            let [x, dy] = [(Operand::X, &x), (Operand::Dy, &dy)]
                .map(|(operand, buffer)| self.relu.view_of(operand, buffer, length));
            let sums = self.of_channels(Channels::last(count));
            steps.push(sums.prepare_weight_gradient(x, dy, &dw)?);
        }
        Prepared::run_all(&steps).map(|_| ())
    }
}

/// Elements per half row that go eight at a time, four at a time and one by one, and numbers of rows. The halves of one
/// row are contiguous.
const HALVES: [(u64, u64); 6] =
    [(2048, 1), (2048, 3), (2052, 1), (2052, 3), (LENGTH, 1), (LENGTH, 3)];

impl GpuCrelu {
    /// Compiles this operator's pipelines for a contiguous x: value and gradient along any axis, the gradient to a new
    /// buffer and in place of x. See [`GpuActivation::prewarm`].
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation::prewarm`].
    pub fn prewarm(&self) -> Result<()> {
        let relu = &self.relu;
        let operands = [Operand::X, Operand::Y, Operand::Dy, Operand::Dx];
        let [x, y, dy, dx] = operands.map(|operand| relu.buffer_of(operand, 8 * LENGTH));
        let buffers = [x?, y?, dy?, dx?];
        let view = |index: usize, length| relu.view_of(operands[index], &buffers[index], length);
        let mut steps = Vec::new();
        for (half, rows) in HALVES {
            let (axis, length) = (Channels::last(half as u32), half * rows);
            let [x, dx] = [0, 3].map(|index| view(index, length));
            let [y, dy] = [1, 2].map(|index| view(index, 2 * length));
            steps.push(self.prepare(x, axis, y)?);
            steps.push(self.prepare_gradient(x, dy, axis, dx)?);
            if !relu.accumulates {
                steps.push(self.prepare_gradient(x, dy, axis, x)?);
            }
        }
        Prepared::run_all(&steps).map(|_| ())
    }
}

impl GpuGlu {
    /// Compiles this operator's pipelines for contiguous elements: value and gradients, of two inputs to new buffers,
    /// and of the halves of one input along any axis to a new buffer and in place of x. See [`GpuActivation::prewarm`].
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation::prewarm`].
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu, GpuGlu};
    /// # let gpu = Gpu::new()?;
    /// let swiglu = GpuGlu::swiglu(&gpu);
    /// swiglu.prewarm()?;
    /// let y = swiglu.apply_split(&gpu.upload(&[1.0, 2.0])?, Channels::last(2))?; // compiles nothing
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn prewarm(&self) -> Result<()> {
        let relu = &self.relu;
        let operands = [Operand::X, Operand::Gate, Operand::Dy, Operand::Dx, Operand::Dgate];
        let [x, gate, dy, dx, dgate] = operands.map(|operand| relu.buffer_of(operand, 8 * LENGTH));
        let buffers = [x?, gate?, dy?, dx?, dgate?];
        let y = relu.buffer_of(Operand::Y, 8 * LENGTH)?;
        let view = |index: usize, length| relu.view_of(operands[index], &buffers[index], length);
        let [x, gate, dy, dx, dgate] = [0, 1, 2, 3, 4].map(|index| view(index, LENGTH));
        let mut steps = vec![
            self.prepare(x, gate, relu.view_of(Operand::Y, &y, LENGTH))?,
            self.prepare_gradient(x, gate, dy, dx, dgate)?,
        ];
        for (half, rows) in HALVES {
            let (axis, length) = (Channels::last(2 * half as u32), half * rows);
            let (x, dy, dx) = (view(0, 2 * length), view(2, length), view(3, 2 * length));
            steps.push(self.prepare_split(x, axis, relu.view_of(Operand::Y, &y, length))?);
            steps.push(self.prepare_gradient_split(x, dy, axis, dx)?);
            if !relu.accumulates {
                steps.push(self.prepare_gradient_split(x, dy, axis, x)?);
            }
        }
        Prepared::run_all(&steps).map(|_| ())
    }
}
