//! Sums over all elements of a channel: the gradients of a bias and of slopes.

use crate::args::channels::Channels;
use crate::args::view::{Buffers, View};
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::sums::{self, SumOperands};
use crate::shader::sum::SumInput;

impl Gpu {
    /// The sum of the elements of each channel, in a new buffer of one f32 a channel: the gradient of a
    /// bias from dx. Reads 4 bytes an element.
    ///
    /// The order of the additions is the same in every run and on every device; of n elements, the error
    /// is at most 64 · log₆₄ n rounding errors of the sum of their magnitudes.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let dx = gpu.upload(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0])?; // three rows of two units
    /// let db = gpu.channel_sums(&dx, Channels::last(2))?;
    /// assert_eq!(gpu.download(&db)?, [6.0, 60.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, and those of every operator.
    pub fn channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
    ) -> Result<wgpu::Buffer> {
        let x = x.into();
        channels.check(x.storage(Operand::X, ElementType::F32)?)?;
        let sums = self.buffer(4 * u64::from(channels.count), false)?;
        self.prepare_channel_sums(x, channels, &sums)?.run()?;
        Ok(sums)
    }

    /// Checks, binds and sizes [`channel_sums`](Gpu::channel_sums) once, for [`Prepared::record`]. It keeps
    /// a buffer for intermediate sums, of at most a 32nd of x, or a few rows.
    ///
    /// # Errors
    ///
    /// As [`channel_sums`](Gpu::channel_sums); [`Error::ChannelLength`] for sums that are not one a channel,
    /// [`Error::SharedBuffer`] for sums in the buffer of x, and [`Error::Limit`] where one binding does not
    /// hold two rows.
    pub fn prepare_channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, sums) = (x.into(), sums.into());
        let length = x.contiguous(Operand::X)?.storage(Operand::X, ElementType::F32)?;
        channels.check(length)?;
        check_sums(Operand::Y, &sums, channels)?;
        if x.same_buffer(&sums) {
            return Err(Error::SharedBuffer { operand: Operand::X, written: Operand::Y });
        }
        prepare(self, SumInput::Values, &[x], channels, length, sums)
    }
}

/// Checks that there is a sum a channel.
pub(crate) fn check_sums(operand: Operand, sums: &View<'_>, channels: Channels) -> Result<()> {
    let length = sums.contiguous(operand)?.storage(operand, ElementType::F32)?;
    let channels = channels.count;
    if length == u64::from(channels) {
        return Ok(());
    }
    Err(Error::ChannelLength { operand, length, channels })
}

/// Plans the sums of `length` terms over their channels.
pub(crate) fn prepare(
    gpu: &Gpu,
    input: SumInput,
    operands: &[View<'_>],
    channels: Channels,
    length: u64,
    sums: View<'_>,
) -> Result<Prepared> {
    let mut buffers = Buffers::default();
    let ranges = operands.iter().map(|view| buffers.range(*view)).collect();
    let sums = buffers.range(sums);
    let operands = SumOperands { input, ranges };
    let plan = sums::plan(&gpu.shared.planner, operands, channels, length, sums)?;
    Prepared::new(gpu, plan, &buffers)
}
