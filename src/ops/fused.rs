//! The operator with additions in the same pass, and its gradient from a mask.

use crate::args::fusion::{Fused, Fusion};
use crate::args::view::View;
use crate::device::call::Call;
use crate::device::prepared::Prepared;
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::plan::request;

/// # Fused forms
///
/// With a [`Fusion`], an operator adds a bias before the activation, a residual after it, or both, and can write a mask
/// for the gradient: all in the pass that reads x and writes y. The errors are those of the operator.
impl GpuActivation {
    /// Computes y = f(x + bias) + residual into a new buffer. Reads 4 bytes per element, and 4 more per operand that
    /// has a number per element. Writes 4 bytes per element, and an eighth or a quarter of a byte for a mask. wgpu
    /// clears the new buffer first (4 more).
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Fusion, Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// let x = gpu.upload(&[-1.0, 2.0, -3.0, 4.0])?;
    /// let bias = gpu.upload(&[2.0, -3.0])?;
    /// let y = relu.apply_fused(&x, Fusion::new().channel_bias(&bias, Channels::last(2)))?;
    /// assert_eq!(gpu.download(&y)?, [1.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply_fused<'a>(
        &self,
        x: impl Into<View<'a>>,
        fusion: Fusion<'a>,
    ) -> Result<wgpu::Buffer> {
        let x = x.into();
        self.to_new_buffer(&[(Operand::X, x)], Operand::Y, |y| self.prepare_fused(x, fusion, y))
    }

    /// Computes y = f(x + bias) + residual into the caller's buffer, which may be that of x or of the residual.
    pub fn apply_fused_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        fusion: Fusion<'a>,
        y: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_fused(x, fusion, y)?.run()
    }

    /// Computes dx = dy · f'(x + bias) into a new buffer. The fusion's residual and mask are ignored. With a bias per
    /// element, dx is the bias's gradient as well. With a bias per channel, the bias's gradient is the sum of dx over
    /// the elements of the channel.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Fusion, Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// # let x = gpu.upload(&[-1.0, 2.0, -3.0, 4.0])?;
    /// # let bias = gpu.upload(&[2.0, -3.0])?;
    /// let dy = gpu.upload(&[5.0, 6.0, 7.0, 8.0])?;
    /// let dx = relu.fused_gradient(&x, &dy, Fusion::new().channel_bias(&bias, Channels::last(2)))?;
    /// assert_eq!(gpu.download(&dx)?, [5.0, 0.0, 0.0, 8.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn fused_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        fusion: Fusion<'a>,
    ) -> Result<wgpu::Buffer> {
        let (x, dy) = (x.into(), dy.into());
        self.to_new_buffer(&[(Operand::X, x), (Operand::Dy, dy)], Operand::Dx, |dx| {
            self.prepare_fused_gradient(x, dy, fusion, dx)
        })
    }

    /// Computes [`fused_gradient`](GpuActivation::fused_gradient) into the caller's buffer, which may be that of x or
    /// dy.
    pub fn fused_gradient_into<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        fusion: Fusion<'a>,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_fused_gradient(x, dy, fusion, dx)?.run()
    }

    /// Checks, binds and sizes y = f(x + bias) + residual once; see [`prepare`](GpuActivation::prepare).
    pub fn prepare_fused<'a>(
        &self,
        x: impl Into<View<'a>>,
        fusion: Fusion<'a>,
        y: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.forward_call().with(Operand::Y, y).with(Operand::X, x);
        fusion.operands().fold(call, with_part).prepare(&self.gpu)
    }

    /// Checks, binds and sizes [`fused_gradient`](GpuActivation::fused_gradient) once.
    pub fn prepare_fused_gradient<'a>(
        &self,
        x: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        fusion: Fusion<'a>,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.gradient_call(dx).with(Operand::X, x).with(Operand::Dy, dy);
        // A residual is added after the activation, and the mask is an output of the forward operation.
        let before = |part: &Fused<'a>| !matches!(part.operand, Operand::Residual | Operand::Mask);
        fusion.operands().filter(before).fold(call, with_part).prepare(&self.gpu)
    }

    /// Returns the bytes of the mask for `length` elements. A mask has one bit per element, in whole blocks of 256
    /// elements. It has two bits per element if a NaN input has a NaN gradient (relu6, hardtanh, hardsigmoid,
    /// hardshrink, softshrink).
    ///
    /// The layout is the crate's own, and the same on every device.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`](crate::Error::Unsupported) for an activation whose derivative has more than
    /// two levels.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// let relu = GpuRelu::new(&Gpu::new()?);
    /// assert_eq!(relu.mask_size(1_000_000)?, 125_024); // against 4,000,000 bytes of x
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn mask_size(&self, length: u64) -> Result<u64> {
        request::mask_size(&self.activation, length)
    }

    /// Computes y = f(x) and a mask of one bit per element, into new buffers. The gradient needs the mask and dy, but
    /// not x.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// let x = gpu.upload(&[-1.0, 2.0])?;
    /// let (y, mask) = relu.apply_with_mask(&x)?;
    /// drop(x);
    /// let dx = relu.mask_gradient(&mask, &gpu.upload(&[3.0, 4.0])?)?;
    /// assert_eq!(gpu.download(&y)?, [0.0, 2.0]);
    /// assert_eq!(gpu.download(&dx)?, [0.0, 4.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply_with_mask<'a>(
        &self,
        x: impl Into<View<'a>>,
    ) -> Result<(wgpu::Buffer, wgpu::Buffer)> {
        let x = x.into();
        let mask = self
            .gpu
            .buffer(self.mask_size(x.storage(Operand::X, self.element(Operand::X))?)?, false)?;
        let y = self.apply_fused(x, Fusion::new().mask(&mask))?;
        Ok((y, mask))
    }

    /// Computes dx = dL/dx from dy and the mask that the forward operation wrote, into a new buffer. It is equal to the
    /// last bit to [`gradient`](GpuActivation::gradient) from x. Moves 8⅛ bytes per element instead of 12.
    pub fn mask_gradient<'a>(
        &self,
        mask: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
    ) -> Result<wgpu::Buffer> {
        let (mask, dy) = (mask.into(), dy.into());
        self.to_new_buffer(&[(Operand::Dy, dy)], Operand::Dx, |dx| {
            self.prepare_mask_gradient(mask, dy, dx)
        })
    }

    /// Computes [`mask_gradient`](GpuActivation::mask_gradient) into the caller's buffer, which may be that of dy.
    pub fn mask_gradient_into<'a>(
        &self,
        mask: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_mask_gradient(mask, dy, dx)?.run()
    }

    /// Checks, binds and sizes [`mask_gradient`](GpuActivation::mask_gradient) once.
    pub fn prepare_mask_gradient<'a>(
        &self,
        mask: impl Into<View<'a>>,
        dy: impl Into<View<'a>>,
        dx: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let call = self.gradient_call(dx).with(Operand::Mask, mask).with(Operand::Dy, dy);
        call.prepare(&self.gpu)
    }
}

fn with_part<'a>(call: Call<'a>, part: Fused<'a>) -> Call<'a> {
    call.with_channels(part.operand, part.values, part.channels)
}
