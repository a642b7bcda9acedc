//! `GpuActivation`: an activation and its gradient on buffers.

use crate::activation::Activation;
use crate::args::draw::Draw;
use crate::args::fusion::Fusion;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::call::Call;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::operand::{Direction, Operand};
use crate::plan::request::{self, Request};
use crate::shader::variant::Variant;

/// Applies an activation and its gradient to buffers on a device. [`Activation::on`] makes an operator, and
/// `GpuRelu::new` makes the operator of plain ReLU ([`GpuRelu`] is the same type).
///
/// Every argument can be a buffer or a range of one ([`View`]), at any element offset and of any length, also past the
/// device's binding limit. Input and output may be different buffers, the same range, or ranges of one buffer that do
/// not overlap. Buffers need the usage `STORAGE`. Elements are f32, unless
/// [`with_element`](GpuActivation::with_element) sets another type.
///
/// Every call but [`forward`](GpuActivation::forward) submits and returns at once. Only downloads wait.
///
/// # Errors
///
/// Each method returns an [`Error`] that names the value, the limit and the remedy, and writes nothing then. The
/// reasons are
///
/// - ranges that are no whole number of elements, reach past their buffer, differ in length or overlap in part;
/// - a buffer that lacks the usage `STORAGE`, is destroyed or mapped, or belongs to another device;
/// - a lost device, or exhausted memory.
///
/// ```
/// use wgpu_relu::{Activation, Gpu};
///
/// let gpu = Gpu::new()?;
/// let elu = Activation::Elu { alpha: 1.0 }.on(&gpu)?;
/// let x = gpu.upload(&[-1.0f32, 0.0, 2.0])?;
/// let dy = gpu.upload(&[1.0f32, 1.0, 1.0])?;
/// let y = elu.apply(&x)?;
/// let dx = elu.gradient(&x, &dy)?;
/// assert_eq!(gpu.download(&y)?[2], 2.0);
/// assert_eq!(gpu.download(&dx)?, [(-1.0f32).exp(), 1.0, 1.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GpuActivation {
    pub(crate) gpu: Gpu,
    pub(crate) activation: Activation,
    pub(crate) draw: Option<Draw>,
    /// The element type of x and dx, and that of y and dy.
    pub(crate) elements: [ElementType; 2],
    pub(crate) accumulates: bool,
    pub(crate) keeps_alpha: bool,
}

/// [`GpuActivation`] under the name of its default, ReLU: `GpuRelu::new(&gpu)`.
pub type GpuRelu = GpuActivation;

impl Activation {
    /// Makes the operator that applies this activation on a device. Creates nothing on the device; a pipeline is
    /// compiled at its first use.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    ///
    /// ```
    /// use wgpu_relu::{Activation, Gpu, GpuActivation};
    ///
    /// let gpu = Gpu::new()?;
    /// let hardtanh: GpuActivation = Activation::Hardtanh { min_val: -1.0, max_val: 1.0 }.on(&gpu)?;
    /// let y = hardtanh.apply(&gpu.upload(&[-2.0, 0.5, 3.0])?)?;
    /// assert_eq!(gpu.download(&y)?, [-1.0, 0.5, 1.0]);
    ///
    /// assert!(Activation::Elu { alpha: f32::NAN }.on(&gpu).is_err());
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn on(self, gpu: &Gpu) -> Result<GpuActivation> {
        self.validate()?;
        Ok(GpuActivation { activation: self, ..GpuActivation::new(gpu) })
    }
}

impl GpuActivation {
    /// Makes the operator of plain ReLU. Creates nothing on the device; a pipeline is compiled at its first use.
    #[must_use]
    pub fn new(gpu: &Gpu) -> Self {
        GpuActivation {
            gpu: gpu.clone(),
            activation: Activation::Relu,
            draw: None,
            elements: [ElementType::F32; 2],
            accumulates: false,
            keeps_alpha: false,
        }
    }

    /// Makes the operator of any activation: the same as [`Activation::on`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn with_activation(gpu: &Gpu, activation: Activation) -> Result<Self> {
        activation.on(gpu)
    }

    /// Returns the same operator for x and y of another element type. A 16-bit result is the f32 result rounded to
    /// nearest, ties to even. 16-bit floats move half the bytes.
    ///
    /// Two 16-bit floats share 4 bytes. The length of a new buffer is a multiple of 4 bytes, so an odd number of
    /// elements is followed by a 0. An operation on a range does not change the element beside it.
    ///
    /// ```
    /// # use wgpu_relu::{ElementType, Gpu, GpuRelu, half::bf16};
    /// # let gpu = Gpu::new()?;
    /// let relu = GpuRelu::new(&gpu).with_element(ElementType::Bf16);
    /// let x = gpu.upload_elements(&[-1.0, 2.5].map(bf16::from_f32))?;
    /// let y: Vec<bf16> = gpu.download_elements(&relu.apply(&x)?)?;
    /// assert_eq!(y, [bf16::ZERO, bf16::from_f32(2.5)]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn with_element(&self, element: ElementType) -> Self {
        GpuActivation { elements: [element; 2], ..self.clone() }
    }

    /// Returns the same operator with y, dy and residual of the type `element`. x, dx and bias keep their type.
    /// Operands of different types must be in different buffers.
    ///
    /// ```
    /// # use wgpu_relu::{ElementType, Gpu, GpuRelu, half::f16};
    /// # let gpu = Gpu::new()?;
    /// // From f32 to f16 for a renderer, in the same pass.
    /// let relu = GpuRelu::new(&gpu).with_output_element(ElementType::F16);
    /// let y: Vec<f16> = gpu.download_elements(&relu.apply(&gpu.upload(&[-1.0, 2.5])?)?)?;
    /// assert_eq!(y, [f16::ZERO, f16::from_f32(2.5)]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn with_output_element(&self, element: ElementType) -> Self {
        let [input, _] = self.elements;
        GpuActivation { elements: [input, element], ..self.clone() }
    }

    /// Returns the same operator with gradients that add to dx: dx += dy · f'(x), for an x that is used more than once.
    /// Reads 4 bytes per element more. Forward operations do not change.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let (x, dy) = (gpu.upload(&[-1.0, 2.0])?, gpu.upload(&[3.0, 4.0])?);
    /// let dx = gpu.upload(&[10.0, 10.0])?;
    /// relu.accumulating().gradient_into(&x, &dy, &dx)?; // x = [-1, 2], dy = [3, 4]
    /// assert_eq!(gpu.download(&dx)?, [10.0, 14.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn accumulating(&self) -> Self {
        GpuActivation { accumulates: true, ..self.clone() }
    }

    /// Returns randomized leaky ReLU as in training: each element at or below 0 gets a random slope of its own between
    /// `lower` and `upper`. The gradient with the same draw uses the same slopes.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for another activation than [`Activation::Rrelu`], [`Error::InvalidParameter`] for bounds
    /// whose difference is 2^128 or more.
    ///
    /// ```
    /// # use wgpu_relu::{Activation, Draw, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let (lower, upper) = (0.125, 0.25);
    /// let rrelu = Activation::Rrelu { lower, upper }.on(&gpu)?;
    /// let draw = Draw { seed: 7, offset: 0 };
    /// let x = gpu.upload(&[-1.0, 2.0, -3.0])?;
    /// let y = rrelu.in_training(draw)?.apply(&x)?;
    /// let slope = |i| draw.slope(lower, upper, i);
    /// assert_eq!(gpu.download(&y)?, [-slope(0), 2.0, -3.0 * slope(2)]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn in_training(&self, draw: Draw) -> Result<Self> {
        let remedy = "use it as it is in training too, or take rrelu";
        self.activation.check_random_slopes(remedy)?;
        Ok(GpuActivation { draw: Some(draw), ..self.clone() })
    }

    /// Whether slopes are drawn at random.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn draws(&self) -> bool {
        self.draw.is_some()
    }

    /// The element type of x and dx, and that of y and dy.
    #[must_use]
    pub fn elements(&self) -> (ElementType, ElementType) {
        self.elements.into()
    }

    /// The device that it works on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// The activation.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Computes y = f(x) into a new buffer of the same length. Reads 4 and writes 4 bytes per element. wgpu clears the
    /// new buffer first, which writes 4 more; [`Gpu::recycle`] saves that.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// let x = gpu.upload(&[-1.0, 2.0])?;
    /// let y = relu.apply(&x)?;
    /// assert_eq!(gpu.download(&y)?, [0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply<'a>(&self, x: impl Into<View<'a>>) -> Result<wgpu::Buffer> {
        let x = x.into();
        self.to_new_buffer(&[(Operand::X, x)], Operand::Y, |y| self.prepare(x, y))
    }

    /// Computes y = f(x) into the caller's buffer. Reads 4 and writes 4 bytes per element.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// # let y = gpu.upload(&[7.0; 3])?;
    /// relu.apply_into(&x, y.slice(4..))?; // bytes: elements 1 and 2
    /// assert_eq!(gpu.download(&y)?, [7.0, 0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply_into<'a>(&self, x: impl Into<View<'a>>, y: impl Into<View<'a>>) -> Result<()> {
        self.prepare(x, y)?.run()
    }

    /// Computes x = f(x) in place. Reads 4 and writes 4 bytes per element, and needs no second buffer.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// relu.apply_in_place(&x)?;
    /// assert_eq!(gpu.download(&x)?, [0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply_in_place<'a>(&self, x: impl Into<View<'a>>) -> Result<()> {
        let x = x.into();
        self.apply_into(x, x)
    }

    /// Computes dx = dL/dx from x and dy = dL/dy into a new buffer. Reads 8 and writes 4 bytes per element. wgpu clears
    /// the new buffer first, which writes 4 more; [`Gpu::recycle`] saves that.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// # let dy = gpu.upload(&[3.0, 4.0])?;
    /// let dx = relu.gradient(&x, &dy)?; // x = [-1, 2], dy = [3, 4]
    /// assert_eq!(gpu.download(&dx)?, [0.0, 4.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        self.to_new_buffer(&[(Operand::X, x), (Operand::Dy, dy)], Operand::Dx, |dx| {
            self.prepare_gradient(x, dy, dx)
        })
    }

    /// Computes dx = dL/dx from x and dy = dL/dy into the caller's buffer, which may be that of x or dy. Reads 8 and
    /// writes 4 bytes per element.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// # let dy = gpu.upload(&[3.0, 4.0])?;
    /// relu.gradient_into(&x, &dy, &dy)?; // dy becomes dx
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_gradient(x, dy, dx)?.run()
    }

    /// Checks, binds and sizes y = f(x) once, so that [`Prepared::record`] can record it in every frame. For an
    /// operation in place, pass the same range twice.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// # let y = gpu.upload(&[0.0; 2])?;
    /// let step = relu.prepare(&x, &y)?;
    /// // every frame, in a compute pass: step.record(&mut pass);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn prepare<'a>(&self, x: impl Into<View<'a>>, y: impl Into<View<'a>>) -> Result<Prepared> {
        self.prepare_fused(x, Fusion::new(), y)
    }

    /// Checks, binds and sizes dx = dL/dx once, so that [`Prepared::record`] can record it in every frame.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0])?;
    /// # let dy = gpu.upload(&[3.0, 4.0])?;
    /// # let dx = gpu.upload(&[0.0; 2])?;
    /// let step = relu.prepare_gradient(&x, &dy, &dx)?;
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn prepare_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_fused_gradient(x, dy, Fusion::new(), dx)
    }

    /// A forward operation. Its operands are still missing.
    pub(crate) fn forward_call<'a>(&self) -> Call<'a> {
        self.call(Direction::Forward)
    }

    /// A gradient that writes dx, or adds to it. Its other operands are still missing.
    pub(crate) fn gradient_call<'a>(&self, dx: impl Into<View<'a>>) -> Call<'a> {
        self.call(Direction::Gradient).with(Operand::Dx, dx)
    }

    fn call<'a>(&self, direction: Direction) -> Call<'a> {
        let (draw, elements) = (self.draw, self.elements);
        let accumulates = self.accumulates && direction == Direction::Gradient;
        let request = Request::new(direction, self.activation);
        Call::new(Request { draw, elements, accumulates, ..request })
    }

    /// The element type of an operand.
    pub(crate) fn element(&self, operand: Operand) -> ElementType {
        let [input, output] = self.elements;
        let direction = match operand {
            Operand::X | Operand::Y => Direction::Forward,
            _ => Direction::Gradient,
        };
        Variant { input, output, ..Variant::new(direction) }.element_type(operand)
    }

    /// Submits the operation that `prepare` makes with a new buffer for `output`, with as many elements as the inputs.
    pub(crate) fn to_new_buffer(
        &self,
        inputs: &[(Operand, View<'_>)],
        output: Operand,
        prepare: impl FnOnce(View<'_>) -> Result<Prepared>,
    ) -> Result<wgpu::Buffer> {
        let (buffer, size) = self.new_buffer(inputs, output)?;
        prepare(View { buffer: &buffer, offset: 0, size, layout: None })?.run()?;
        Ok(buffer)
    }

    /// A new buffer for `output`, with as many elements as the inputs, and the bytes of its elements.
    pub(crate) fn new_buffer(
        &self,
        inputs: &[(Operand, View<'_>)],
        output: Operand,
    ) -> Result<(wgpu::Buffer, u64)> {
        // Checked first, so that a wrong range does not decide the size of an allocation.
        let typed =
            inputs.iter().map(|&(operand, view)| (operand, view.range(0), self.element(operand)));
        let length = request::equal_lengths(typed)?;
        let size = length.saturating_mul(self.element(output).size());
        // A gradient that accumulates starts from 0.
        let adds = self.accumulates && output != Operand::Y;
        let whole = size.saturating_add(3) / 4 * 4;
        let buffer = if adds { self.gpu.buffer(whole, false)? } else { self.gpu.output(size)? };
        Ok((buffer, size))
    }
}
