//! Sums over all elements of a channel: the gradients of a bias and of slopes.

use crate::args::channels::Channels;
use crate::args::view::{Buffers, View};
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::{Element, ElementType};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::operand::Operand;
use crate::plan::sums::SumRequest;
use crate::shader::sum::SumInput;

impl Gpu {
    /// Sums the elements of each channel into a new buffer of one f32 per channel: the gradient of a bias from dx.
    /// Reads 4 bytes per element.
    ///
    /// The order of the additions is the same in every run and on every device. For n elements, the error is at most 64
    /// · log₆₄ n rounding errors of the sum of their magnitudes.
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, and those of every operator.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let dx = gpu.upload(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0])?; // three rows of two units
    /// let db = gpu.channel_sums(&dx, Channels::last(2))?;
    /// assert_eq!(gpu.download(&db)?, [6.0, 60.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
    ) -> Result<wgpu::Buffer> {
        self.channel_sums_elements::<f32>(x, channels)
    }

    /// Does the same as [`channel_sums`](Gpu::channel_sums) for elements of type `T`. The sums are f32: 16-bit floats
    /// are widened before they are added.
    ///
    /// # Errors
    ///
    /// Those of [`channel_sums`](Gpu::channel_sums).
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu, half::bf16};
    /// # let gpu = Gpu::new()?;
    /// let dx = gpu.upload_elements(&[1.0, 10.0, 2.0, 20.0].map(bf16::from_f32))?; // two rows of two units
    /// let db = gpu.channel_sums_elements::<bf16>(&dx, Channels::last(2))?;
    /// assert_eq!(gpu.download(&db)?, [3.0, 30.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn channel_sums_elements<'a, T: Element>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
    ) -> Result<wgpu::Buffer> {
        let x = x.into();
        channels.check(x.storage(Operand::X, T::TYPE)?)?;
        let sums = self.buffer(4 * u64::from(channels.count), false)?;
        self.prepare_channel_sums_elements::<T>(x, channels, &sums)?.run()?;
        Ok(sums)
    }

    /// Adds the sum of the elements of each channel to `sums`, for a bias that is used more than once. Reads 4 bytes
    /// per f32, 2 per 16-bit float. The old value is added last.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_channel_sums`](Gpu::prepare_channel_sums).
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let dx = gpu.upload(&[1.0, 10.0, 2.0, 20.0])?; // two rows of two units
    /// let db = gpu.upload(&[100.0, 100.0])?;
    /// gpu.accumulate_channel_sums::<f32>(&dx, Channels::last(2), &db)?;
    /// assert_eq!(gpu.download(&db)?, [103.0, 130.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn accumulate_channel_sums<'a, T: Element>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<()> {
        self.prepare_accumulate_channel_sums::<T>(x, channels, sums)?.run()
    }

    /// Checks, binds and sizes [`channel_sums`](Gpu::channel_sums) once, for [`Prepared::record`]. The operation keeps
    /// a buffer for intermediate sums, of at most a 32nd of x, or a few rows.
    ///
    /// # Errors
    ///
    /// As [`channel_sums`](Gpu::channel_sums); [`Error::ChannelLength`] for sums that are not one per channel,
    /// and [`Error::SharedBuffer`] for sums in the buffer of x.
    pub fn prepare_channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_channel_sums_elements::<f32>(x, channels, sums)
    }

    /// Does the same as [`prepare_channel_sums`](Gpu::prepare_channel_sums) for elements of type `T`.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_channel_sums`](Gpu::prepare_channel_sums).
    pub fn prepare_channel_sums_elements<'a, T: Element>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_sums(x.into(), T::TYPE, channels, sums.into(), false)
    }

    /// Checks, binds and sizes [`accumulate_channel_sums`](Gpu::accumulate_channel_sums) once.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_channel_sums`](Gpu::prepare_channel_sums).
    pub fn prepare_accumulate_channel_sums<'a, T: Element>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_sums(x.into(), T::TYPE, channels, sums.into(), true)
    }

    fn prepare_sums(
        &self,
        x: View<'_>,
        element: ElementType,
        channels: Channels,
        sums: View<'_>,
        accumulates: bool,
    ) -> Result<Prepared> {
        let terms = Terms { input: SumInput::Values(element), accumulates, operands: &[x] };
        prepare(self, terms, channels, sums)
    }
}

/// The terms of sums, as views.
pub(crate) struct Terms<'a> {
    pub(crate) input: SumInput,
    /// Whether the sums are added to the contents of their range.
    pub(crate) accumulates: bool,
    pub(crate) operands: &'a [View<'a>],
}

/// Checks and plans the sums of terms over their channels.
pub(crate) fn prepare(
    gpu: &Gpu,
    terms: Terms<'_>,
    channels: Channels,
    sums: View<'_>,
) -> Result<Prepared> {
    let mut buffers = Buffers::default();
    let Terms { input, accumulates, operands } = terms;
    let names = [Operand::X, Operand::Dy].into_iter();
    let ranges = names.zip(operands).map(|(operand, view)| buffers.range(operand, *view)).collect();
    let sums = buffers.range(input.written(), sums);
    let request = SumRequest { input, accumulates, ranges, channels, sums };
    Prepared::new(gpu, request.plan(&gpu.shared.planner)?, &buffers)
}
