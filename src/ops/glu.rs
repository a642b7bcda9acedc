//! Gated units: one half of the inputs, multiplied by an activation of the other.

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

/// A gated linear unit on a device: y = a · f(b), where the *second* half of the inputs is the gate, as
/// PyTorch's GLU has it (Dauphin et al., 2016; Shazeer, 2020).
///
/// | | f |
/// | --- | --- |
/// | [`glu`](GpuGlu::glu) | sigmoid |
/// | [`reglu`](GpuGlu::reglu) | relu |
/// | [`geglu`](GpuGlu::geglu), [`geglu_tanh`](GpuGlu::geglu_tanh) | gelu, by erf or by tanh |
/// | [`swiglu`](GpuGlu::swiglu) | silu |
/// | [`bilinear`](GpuGlu::bilinear) | none: y = a · b |
/// | [`with_activation`](GpuGlu::with_activation) | any |
///
/// Both halves are views, of two buffers or of one: those of one buffer, split along an axis, are what
/// [`apply_split`](GpuGlu::apply_split) takes. f is as exact as the activation itself, and the products are rounded; a
/// product of 0 and ∞ is NaN, in the gradients too, and db is infinite where dy · a is. Views and element types are as for [`GpuActivation`], and so are the errors.
///
/// ```
/// use wgpu_relu::{Channels, Gpu, GpuGlu};
///
/// let gpu = Gpu::new()?;
/// let x = gpu.upload(&[1.0, 2.0, 0.0, -1.0, 3.0, 4.0, 5.0, 6.0])?; // [2, 4]: two rows of a, a, b, b
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
    relu: GpuActivation,
    /// Whether the gate multiplies as it is.
    linear: bool,
}

impl GpuGlu {
    /// y = a · σ(b).
    #[must_use]
    pub fn glu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Sigmoid)
    }

    /// y = a · relu(b).
    #[must_use]
    pub fn reglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Relu)
    }

    /// y = a · gelu(b), by erf.
    #[must_use]
    pub fn geglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Gelu)
    }

    /// y = a · gelu(b), by tanh.
    #[must_use]
    pub fn geglu_tanh(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::GeluTanh)
    }

    /// y = a · silu(b).
    #[must_use]
    pub fn swiglu(gpu: &Gpu) -> Self {
        Self::of(gpu, Activation::Silu)
    }

    /// y = a · b.
    #[must_use]
    pub fn bilinear(gpu: &Gpu) -> Self {
        GpuGlu { relu: GpuActivation::new(gpu), linear: true }
    }

    /// y = a · f(b) with any activation.
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

    /// The same with elements of another type. See [`GpuActivation::with_element`].
    #[must_use]
    pub fn with_element(&self, element: ElementType) -> Self {
        GpuGlu { relu: self.relu.with_element(element), ..self.clone() }
    }

    /// The same with y and dy of another type than a and b. See [`GpuActivation::with_output_element`].
    #[must_use]
    pub fn with_output_element(&self, element: ElementType) -> Self {
        GpuGlu { relu: self.relu.with_output_element(element), ..self.clone() }
    }

    /// The activation of the gate; none if it is bilinear.
    #[must_use]
    pub fn activation(&self) -> Option<Activation> {
        (!self.linear).then_some(self.relu.activation)
    }

    /// y = a · f(b) in a new buffer. Moves 12 bytes an element of y.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuGlu};
    /// # let gpu = Gpu::new()?;
    /// let (a, b) = (gpu.upload(&[2.0, 3.0])?, gpu.upload(&[-1.0, 4.0])?);
    /// let y = GpuGlu::bilinear(&gpu).apply(&a, &b)?;
    /// assert_eq!(gpu.download(&y)?, [-2.0, 12.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn apply<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (a, b) = (a.into(), b.into());
        let inputs = [(Operand::X, a), (Operand::Gate, b)];
        self.relu.to_new_buffer(&inputs, Operand::Y, |y| self.prepare(a, b, y))
    }

    /// y = a · f(b) in the caller's buffer, which may be that of a or b.
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn apply_into<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare(a, b, y)?.submit(&self.relu.gpu)
    }

    /// da = dL/da = dy · f(b) and db = dL/db = dy · a · f'(b) in new buffers, in one pass. Moves 20 bytes an
    /// element of y.
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn gradient<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<(wgpu::Buffer, wgpu::Buffer)> {
        let (a, b, dy) = (a.into(), b.into(), dy.into());
        let inputs = [(Operand::X, a), (Operand::Gate, b), (Operand::Dy, dy)];
        let (da, size) = self.relu.new_buffer(&inputs, Operand::Dx)?;
        let (db, _) = self.relu.new_buffer(&inputs, Operand::Dx)?;
        let [to_a, to_b] = [&da, &db].map(|buffer| View { buffer, offset: 0, size, layout: None });
        self.gradient_into(a, b, dy, to_a, to_b)?;
        Ok((da, db))
    }

    /// da and db in the caller's buffers, which may be those of a, b or dy.
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn gradient_into<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        da: impl Into<View<'a>>,
        db: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient(a, b, dy, da, db)?.submit(&self.relu.gpu)
    }

    /// y of the halves of x along an axis, in a new buffer half as long. `axis` says which: its `count` is the
    /// whole length of x along it, [`Channels::last`] for the last one.
    ///
    /// # Errors
    ///
    /// [`Error::OddAxis`] for an axis of odd length, [`Error::Channels`] for an x that is no whole number of rows,
    /// [`Error::Strided`] for one in rows or strides, and those of [`GpuActivation`].
    pub fn apply_split<'a>(&self, x: impl Into<View<'a>>, axis: Channels) -> Result<wgpu::Buffer> {
        let [a, b] = self.halves(Operand::X, x.into(), axis)?;
        self.apply(a, b)
    }

    /// [`apply_split`](GpuGlu::apply_split) into the caller's buffer.
    ///
    /// # Errors
    ///
    /// As [`apply_split`](GpuGlu::apply_split).
    pub fn apply_split_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_split(x, axis, y)?.submit(&self.relu.gpu)
    }

    /// dx = dL/dx of [`apply_split`](GpuGlu::apply_split) in a new buffer as long as x: both gradients, in one
    /// pass, where their halves are.
    ///
    /// # Errors
    ///
    /// As [`apply_split`](GpuGlu::apply_split).
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

    /// [`gradient_split`](GpuGlu::gradient_split) into the caller's buffer, which may be that of x.
    ///
    /// # Errors
    ///
    /// As [`apply_split`](GpuGlu::apply_split).
    pub fn gradient_split_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient_split(x, dy, axis, dx)?.submit(&self.relu.gpu)
    }

    /// Checks, binds and sizes y once; see [`GpuActivation::prepare`].
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn prepare<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.relu.forward_call().with(Operand::Y, y).with(Operand::X, a);
        self.prepare_call(call.with(Operand::Gate, b))
    }

    /// Checks, binds and sizes da and db once.
    ///
    /// # Errors
    ///
    /// As [`GpuActivation`]'s.
    pub fn prepare_gradient<'a>(
        &self,
        a: impl Into<View<'a>>,
        b: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        da: impl Into<View<'a>>,
        db: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.relu.gradient_call(da).with(Operand::Dgate, db);
        let call = call.with(Operand::X, a).with(Operand::Dy, dy).with(Operand::Gate, b);
        self.prepare_call(call)
    }

    /// Checks, binds and sizes [`apply_split`](GpuGlu::apply_split) once.
    ///
    /// # Errors
    ///
    /// As [`apply_split`](GpuGlu::apply_split).
    pub fn prepare_split<'a>(
        &self,
        x: impl Into<View<'a>>,
        axis: Channels,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let [a, b] = self.halves(Operand::X, x.into(), axis)?;
        self.prepare(a, b, y)
    }

    /// Checks, binds and sizes [`gradient_split`](GpuGlu::gradient_split) once.
    ///
    /// # Errors
    ///
    /// As [`apply_split`](GpuGlu::apply_split).
    pub fn prepare_gradient_split<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        axis: Channels,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let [a, b] = self.halves(Operand::X, x.into(), axis)?;
        let [da, db] = self.halves(Operand::Dx, dx.into(), axis)?;
        self.prepare_gradient(a, b, dy, da, db)
    }

    fn prepare_call(&self, call: Call<'_>) -> Result<Prepared> {
        call.linear_gate(self.linear).prepare(&self.relu.gpu)
    }

    /// The halves of `x` along an axis.
    fn halves<'a>(&self, operand: Operand, x: View<'a>, axis: Channels) -> Result<[View<'a>; 2]> {
        let element = self.relu.element(operand);
        let length = x.contiguous(operand)?.storage(operand, element)?;
        axis.check(length)?;
        if axis.count % 2 == 1 {
            return Err(Error::OddAxis { length: axis.count });
        }
        let (bytes, row) = (element.size(), axis.row());
        // Of nothing, both halves are nothing.
        let half = if length == 0 { 0 } else { bytes * row / 2 };
        let mut shape = [1; DIMENSIONS];
        shape[DIMENSIONS - 2..].copy_from_slice(&[length / row, row / 2]);
        let mut strides = [0; DIMENSIONS];
        strides[DIMENSIONS - 2..].copy_from_slice(&[bytes * row, bytes]);
        let layout = Layout::new(shape, strides, bytes);
        let part = |offset| View { offset, size: layout.extent(bytes), layout: Some(layout), ..x };
        Ok([part(x.offset), part(x.offset + half)])
    }
}
