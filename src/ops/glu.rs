//! Gated units: one input, multiplied by an activation of a second input.

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::range::{DIMENSIONS, Layout};
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::call::Call;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::plan::request::equal_lengths;

/// Computes a gated linear unit on a device: y = x · f(gate) (Dauphin et al., 2016; Shazeer, 2020).
///
/// | | f |
/// | --- | --- |
/// | [`glu`](GpuGlu::glu) | sigmoid |
/// | [`reglu`](GpuGlu::reglu) | relu |
/// | [`geglu`](GpuGlu::geglu), [`geglu_tanh`](GpuGlu::geglu_tanh) | gelu, by erf or by tanh |
/// | [`swiglu`](GpuGlu::swiglu) | silu |
/// | [`bilinear`](GpuGlu::bilinear) | none: y = x · gate |
/// | [`with_activation`](GpuGlu::with_activation) | any |
///
/// x and gate are views, of two buffers or of one. [`apply_split`](GpuGlu::apply_split) takes one tensor and splits it
/// along an axis: the first half is x and the *second* is the gate, as in PyTorch's GLU.
///
/// f is as exact as the activation itself, and each product is rounded. A product of 0 and ∞ is NaN, in the gradients
/// too. dgate is infinite where dy · x is infinite. Views, element types and errors are those of [`GpuActivation`].
///
/// ```
/// use wgpu_relu::{Channels, Gpu, GpuGlu};
///
/// let gpu = Gpu::new()?;
/// let x = gpu.upload(&[1.0, 2.0, 0.0, -1.0, 3.0, 4.0, 5.0, 6.0])?; // [2, 4]: two rows of x, x, gate, gate
/// let reglu = GpuGlu::reglu(&gpu);
/// let y = reglu.apply_split(&x, Channels::last(4))?; // [2, 2]
/// assert_eq!(gpu.download(&y)?, [0.0, 0.0, 15.0, 24.0]);
///
/// let dy = gpu.upload(&[1.0, 1.0, 1.0, 1.0])?;
/// let dx = reglu.gradient_split(&x, &dy, Channels::last(4))?; // [2, 4]
/// assert_eq!(gpu.download(&dx)?, [0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 3.0, 4.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GpuGlu {
    pub(crate) relu: GpuActivation,
    /// Whether the gate multiplies x without an activation.
    linear: bool,
}

impl GpuGlu {
    /// Makes the operator of y = x · σ(gate).
    #[must_use]
    pub fn glu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Sigmoid)
    }

    /// Makes the operator of y = x · relu(gate).
    #[must_use]
    pub fn reglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Relu)
    }

    /// Makes the operator of y = x · gelu(gate), by erf.
    #[must_use]
    pub fn geglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Gelu)
    }

    /// Makes the operator of y = x · gelu(gate), by tanh.
    #[must_use]
    pub fn geglu_tanh(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::GeluTanh)
    }

    /// Makes the operator of y = x · silu(gate).
    #[must_use]
    pub fn swiglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Silu)
    }

    /// Makes the operator of y = x · gate.
    #[must_use]
    pub fn bilinear(gpu: &Gpu) -> Self {
        GpuGlu { relu: GpuActivation::new(gpu), linear: true }
    }

    /// Makes the operator of y = x · f(gate) with any activation.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn with_activation(gpu: &Gpu, activation: Activation) -> Result<Self> {
        Ok(GpuGlu { relu: activation.on(gpu)?, linear: false })
    }

    fn of(gpu: &Gpu, activation: Activation) -> Self {
        GpuGlu { relu: GpuActivation { activation, ..GpuActivation::new(gpu) }, linear: false }
    }

    /// Returns the same operator for elements of another type. See [`GpuActivation::with_element`].
    #[must_use]
    pub fn with_element(&self, element: ElementType) -> Self {
        GpuGlu { relu: self.relu.with_element(element), ..self.clone() }
    }

    /// Returns the same operator with y and dy of another type than x and gate. See
    /// [`GpuActivation::with_output_element`].
    #[must_use]
    pub fn with_output_element(&self, element: ElementType) -> Self {
        GpuGlu { relu: self.relu.with_output_element(element), ..self.clone() }
    }

    /// Returns the same operator with gradients that add to dx and dgate. See [`GpuActivation::accumulating`].
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuGlu};
    /// # let gpu = Gpu::new()?;
    /// let (x, gate, dy) = (gpu.upload(&[2.0])?, gpu.upload(&[-1.0])?, gpu.upload(&[3.0])?);
    /// let (dx, dgate) = (gpu.upload(&[10.0])?, gpu.upload(&[20.0])?);
    /// GpuGlu::bilinear(&gpu).accumulating().gradient_into(&x, &gate, &dy, &dx, &dgate)?;
    /// assert_eq!(gpu.download(&dx)?, [10.0 - 3.0]); // dx += dy · gate
    /// assert_eq!(gpu.download(&dgate)?, [20.0 + 6.0]); // dgate += dy · x
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn accumulating(&self) -> Self {
        GpuGlu { relu: self.relu.accumulating(), ..self.clone() }
    }

    /// The activation of the gate; none if it is bilinear.
    #[must_use]
    pub fn activation(&self) -> Option<Activation> {
        (!self.linear).then_some(self.relu.activation)
    }

    /// Computes y = x · f(gate) into a new buffer. Moves 12 bytes per element of y, and 4 more to clear a buffer that
    /// was not [recycled](Gpu::recycle).
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuGlu};
    /// # let gpu = Gpu::new()?;
    /// let (x, gate) = (gpu.upload(&[2.0, 3.0])?, gpu.upload(&[-1.0, 4.0])?);
    /// let y = GpuGlu::bilinear(&gpu).apply(&x, &gate)?;
    /// assert_eq!(gpu.download(&y)?, [-2.0, 12.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (x, gate) = (x.into(), gate.into());
        let inputs = [(Operand::X, x), (Operand::Gate, gate)];
        self.relu.to_new_buffer(&inputs, Operand::Y, |y| self.prepare(x, gate, y))
    }

    /// Computes y = x · f(gate) into the caller's buffer, which may be that of x or gate. Reads 8 and writes 4 bytes
    /// per element.
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    pub fn apply_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare(x, gate, y)?.run()
    }

    /// Computes (dx, dgate) into new buffers, in one pass: dx = dL/dx = dy · f(gate) and dgate = dL/dgate = dy · x ·
    /// f'(gate). Reads 12 and writes 8 bytes per element of y, and wgpu clears the new buffers first (8 more). A device
    /// with four storage buffers per shader stage takes two passes, which read 20 bytes.
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuGlu};
    /// # let gpu = Gpu::new()?;
    /// let (x, gate) = (gpu.upload(&[2.0, 3.0])?, gpu.upload(&[-1.0, 4.0])?);
    /// let dy = gpu.upload(&[1.0, 10.0])?;
    /// let (dx, dgate) = GpuGlu::bilinear(&gpu).gradient(&x, &gate, &dy)?;
    /// assert_eq!(gpu.download(&dx)?, [-1.0, 40.0]);
    /// assert_eq!(gpu.download(&dgate)?, [2.0, 30.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<(wgpu::Buffer, wgpu::Buffer)> {
        let (x, gate, dy) = (x.into(), gate.into(), dy.into());
        let inputs = [(Operand::X, x), (Operand::Gate, gate), (Operand::Dy, dy)];
        let (dx, size) = self.relu.new_buffer(&inputs, Operand::Dx)?;
        let (dgate, _) = self.relu.new_buffer(&inputs, Operand::Dgate)?;
        let [to_x, to_gate] =
            [&dx, &dgate].map(|buffer| View { buffer, offset: 0, size, layout: None });
        self.gradient_into(x, gate, dy, to_x, to_gate)?;
        Ok((dx, dgate))
    }

    /// Computes [`gradient`](GpuGlu::gradient) into the caller's buffers, which may be those of x, gate or dy.
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    pub fn gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
        dgate: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient(x, gate, dy, dx, dgate)?.run()
    }

    /// Splits x along an axis and computes y = first half · f(second half) into a new buffer half as long as x. Reads 8
    /// and writes 4 bytes per element of y, and wgpu clears the new buffer first (4 more). The `count` of `axis` is the
    /// whole length of x along it; [`Channels::last`] makes the last axis.
    ///
    /// # Errors
    ///
    /// [`Error::OddAxis`] for an axis of odd length, [`Error::Channels`] for an x that is no whole number of rows,
    /// [`Error::Strided`] for an x in rows or strides, and those of [`GpuActivation`]. Errors say x and gate for the
    /// halves.
    pub fn apply_split<'a>(&self, x: impl Into<View<'a>>, axis: Channels) -> Result<wgpu::Buffer> {
        let [x, gate] = self.halves(Operand::X, x.into(), axis)?;
        self.apply(x, gate)
    }

    /// Computes [`apply_split`](GpuGlu::apply_split) into the caller's buffer.
    ///
    /// # Errors
    ///
    /// Those of [`apply_split`](GpuGlu::apply_split).
    pub fn apply_split_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_split(x, axis, y)?.run()
    }

    /// Computes dx = dL/dx of [`apply_split`](GpuGlu::apply_split) into a new buffer as long as x, in one pass. The
    /// gradient of each half has the place of the half. Reads 12 and writes 8 bytes per element of y, and wgpu clears
    /// the new buffer first (8 more).
    ///
    /// # Errors
    ///
    /// Those of [`apply_split`](GpuGlu::apply_split).
    pub fn gradient_split<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        self.halves(Operand::X, x, axis)?;
        self.relu.to_new_buffer(&[(Operand::X, x)], Operand::Dx, |dx| {
            self.prepare_gradient_split(x, dy, axis, dx)
        })
    }

    /// Computes [`gradient_split`](GpuGlu::gradient_split) into the caller's buffer, which may be that of x.
    ///
    /// # Errors
    ///
    /// Those of [`apply_split`](GpuGlu::apply_split).
    pub fn gradient_split_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient_split(x, dy, axis, dx)?.run()
    }

    /// Checks, binds and sizes y = x · f(gate) once; see [`GpuActivation::prepare`].
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    pub fn prepare<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.relu.forward_call().with(Operand::Y, y).with(Operand::X, x);
        self.prepare_call(call.with(Operand::Gate, gate))
    }

    /// Checks, binds and sizes dx and dgate once.
    ///
    /// # Errors
    ///
    /// Those of [`GpuActivation`].
    pub fn prepare_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        gate: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
        dgate: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.relu.gradient_call(dx).with(Operand::Dgate, dgate);
        let call = call.with(Operand::X, x).with(Operand::Dy, dy).with(Operand::Gate, gate);
        self.prepare_call(call)
    }

    /// Checks, binds and sizes [`apply_split`](GpuGlu::apply_split) once.
    ///
    /// # Errors
    ///
    /// Those of [`apply_split`](GpuGlu::apply_split).
    pub fn prepare_split<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, y) = (x.into(), y.into());
        let [half, gate] = self.halves(Operand::X, x, axis)?;
        self.check_half(Operand::Y, y, x)?;
        self.prepare(half, gate, y)
    }

    /// Checks, binds and sizes [`gradient_split`](GpuGlu::gradient_split) once.
    ///
    /// # Errors
    ///
    /// Those of [`apply_split`](GpuGlu::apply_split).
    pub fn prepare_gradient_split<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, dy, dx) = (x.into(), dy.into(), dx.into());
        let [half, gate] = self.halves(Operand::X, x, axis)?;
        let [to_half, to_gate] = self.halves(Operand::Dx, dx, axis)?;
        self.check_half(Operand::Dy, dy, x)?;
        let element = self.relu.element(Operand::X);
        equal_lengths([(Operand::X, x.range(0), element), (Operand::Dx, dx.range(0), element)])?;
        self.prepare_gradient(half, gate, dy, to_half, to_gate)
    }

    /// Checks that an operand has half as many elements as x. The checks of the operation itself know the halves only.
    fn check_half(&self, operand: Operand, view: View<'_>, x: View<'_>) -> Result<()> {
        let length = view.storage(operand, self.relu.element(operand))?;
        let expected = x.size / self.relu.element(Operand::X).size() / 2;
        if length == expected {
            return Ok(());
        }
        Err(Error::LengthMismatch { operand, length, reference: Operand::XHalf, expected })
    }

    fn prepare_call(&self, call: Call<'_>) -> Result<Prepared> {
        call.linear_gate(self.linear).prepare(&self.relu.gpu)
    }

    fn halves<'a>(&self, operand: Operand, x: View<'a>, axis: Channels) -> Result<[View<'a>; 2]> {
        halves((operand, self.relu.element(operand)), x, axis)
    }
}

/// The two halves of an operand along an axis.
pub(crate) fn halves<'a>(
    (operand, element): (Operand, ElementType),
    x: View<'a>,
    axis: Channels,
) -> Result<[View<'a>; 2]> {
    let length = x.contiguous(operand)?.storage(operand, element)?;
    axis.check(length)?;
    if axis.count % 2 == 1 {
        return Err(Error::OddAxis { length: axis.count });
    }
    let (bytes, row) = (element.size(), axis.row());
    // Both halves of an empty operand are empty.
    let half = if length == 0 { 0 } else { bytes * row / 2 };
    let mut shape = [1; DIMENSIONS];
    shape[DIMENSIONS - 2..].copy_from_slice(&[length / row, row / 2]);
    let mut strides = [0; DIMENSIONS];
    strides[DIMENSIONS - 2..].copy_from_slice(&[bytes * row, bytes]);
    let layout = Layout::new(shape, strides, bytes);
    let part = |offset| View { offset, size: layout.extent(bytes), layout: Some(layout), ..x };
    Ok([part(x.offset), part(x.offset + half)])
}
