//! A layer's outputs and the statistics of its units, in one pass.

use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::prepared::Prepared;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::activation::GpuRelu;
use crate::ops::statistics::{self, Source};

impl GpuRelu {
    /// Checks, binds and sizes y = f(x + bias), with one bias per channel, and the statistics of y, in one pass. The
    /// statistics are those of [`Gpu::prepare_units`](crate::Gpu::prepare_units), but cost half a byte per element
    /// instead of four. y is equal to the last bit with and without them. All elements are f32, and x, y, the bias and
    /// the records must be in four different buffers.
    ///
    /// On a software adapter, the two operations one after the other are faster.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_fused`](GpuRelu::prepare_fused) and of
    /// [`Gpu::prepare_units`](crate::Gpu::prepare_units); [`Error::SharedBuffer`] for operands in one buffer, and
    /// [`Error::Unsupported`] for 16-bit floats and for random slopes.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu, GpuRelu, Unit};
    /// # let gpu = Gpu::new()?;
    /// # let relu = GpuRelu::new(&gpu);
    /// let x = gpu.upload(&[-1.0, 2.0, -3.0, 4.0])?; // two rows of two units
    /// let bias = gpu.upload(&[0.5, -2.0])?;
    /// let (y, records) = (gpu.upload(&[0.0; 4])?, gpu.upload(&[0.0; 16])?);
    /// let step = relu.prepare_with_units(&x, &bias, Channels::last(2), &y, &records)?;
    /// // after step.record(&mut pass) and a submit:
    /// # let mut encoder = gpu.device().create_command_encoder(&Default::default());
    /// # step.record(&mut encoder.begin_compute_pass(&Default::default()));
    /// # gpu.queue().submit([encoder.finish()]);
    /// assert_eq!(gpu.download(&y)?, [0.0, 0.0, 0.0, 2.0]);
    /// let units = Unit::from_records(&gpu.download(&records)?);
    /// assert!(units[0].is_dead());
    /// assert_eq!(units[1].mean, 1.0);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn prepare_with_units<'a>(
        &self,
        x: impl Into<View<'a>>,
        bias: impl Into<View<'a>>,
        channels: Channels,
        y: impl Into<View<'a>>,
        records: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, bias, y, records) = (x.into(), bias.into(), y.into(), records.into());
        if self.draw.is_some() || self.elements != [ElementType::F32; 2] {
            return Err(Error::Unsupported {
                activation: self.activation.name(),
                what: "statistics in the same pass, with halves or random slopes",
                remedy: "use Gpu::prepare_units after it",
            });
        }
        let operands = [(Operand::X, x), (Operand::Bias, bias), (Operand::Y, y)];
        for (operand, view) in &operands {
            view.contiguous(*operand)?;
        }
        let (element, reference) = (ElementType::F32, Operand::X);
        let expected = x.storage(Operand::X, element)?;
        let length = y.storage(Operand::Y, element)?;
        if length != expected {
            return Err(Error::LengthMismatch { operand: Operand::Y, length, reference, expected });
        }
        channels.check(length)?;
        let found = bias.storage(Operand::Bias, element)?;
        if found != u64::from(channels.count) {
            let (operand, channels) = (Operand::Bias, channels.count);
            return Err(Error::ChannelLength { operand, length: found, channels });
        }
        statistics::check_records(records, channels)?;
        for (written, view) in [(Operand::Records, records), (Operand::Y, y)] {
            let others = operands.iter().filter(|(operand, _)| *operand != written);
            for (operand, other) in others {
                if view.same_buffer(other) {
                    return Err(Error::SharedBuffer { operand: *operand, written });
                }
            }
        }
        if length == 0 {
            return self.gpu.prepare_units(y, channels, self.activation, records);
        }
        let activation = self.activation;
        let source = Source { x, element, channels, activation, layer: Some([y, bias]) };
        statistics::prepare(&self.gpu, source, length, records)
    }
}
