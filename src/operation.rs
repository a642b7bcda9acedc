//! What a caller asks for, checked: an activation, the parts around it, and their buffers.

use crate::activation::Activation;
use crate::dispatch;
use crate::draw::Draw;
use crate::error::{Error, Operand, Result};
use crate::fusion::{Bias, Channels};
use crate::kernel::{Direction, Extent, Kernel};
use crate::view::View;

/// An operation on given buffers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) activation: Activation,
    pub(crate) draw: Option<Draw>,
    pub(crate) x: Option<View<'a>>,
    pub(crate) dy: Option<View<'a>>,
    pub(crate) bias: Option<Bias<'a>>,
    pub(crate) residual: Option<View<'a>>,
    /// Written forward, read for a gradient.
    pub(crate) mask: Option<View<'a>>,
    /// y, or dx.
    pub(crate) output: View<'a>,
}

impl<'a> Operation<'a> {
    /// The shader it needs.
    pub(crate) fn kernel(&self) -> Kernel {
        Kernel {
            direction: if self.dy.is_some() { Direction::Gradient } else { Direction::Forward },
            bias: self.bias.map(|bias| match bias.channels {
                None => Extent::Elements,
                Some(_) => Extent::Channels,
            }),
            residual: self.residual.is_some(),
            mask: self.mask.is_some(),
            draws: self.draw.is_some(),
        }
    }

    /// What channels the elements have: all one, if that does not matter.
    pub(crate) fn channels(&self) -> Channels {
        self.bias.and_then(|bias| bias.channels).unwrap_or(Channels { count: 1, inner: 1 })
    }

    /// The buffer of an operand of [`Operation::kernel`].
    pub(crate) fn view(&self, operand: Operand) -> View<'a> {
        let view = match operand {
            Operand::X => self.x,
            Operand::Dy => self.dy,
            Operand::Bias => self.bias.map(|bias| bias.values),
            Operand::Residual => self.residual,
            Operand::Mask => self.mask,
            _ => None,
        };
        view.unwrap_or(self.output)
    }

    /// Checks every operand alone and against the others; the length, in elements.
    pub(crate) fn check(&self) -> Result<u64> {
        let kernel = self.kernel();
        let elements = |list: Vec<(Operand, Extent)>| {
            list.into_iter().filter(|(_, extent)| *extent == Extent::Elements)
        };
        let of_elements: Vec<(Operand, View<'a>)> = elements(kernel.reads())
            .chain(elements(kernel.writes()))
            .map(|(operand, _)| (operand, self.view(operand)))
            .collect();
        let length = equal_lengths(&of_elements)?;
        self.check_bias(length)?;
        self.check_mask(length)?;
        let (output, _) = kernel.writes()[0];
        for (operand, extent) in kernel.reads() {
            let view = self.view(operand);
            if extent == Extent::Elements && view.overlaps_in_part(&self.output) {
                return Err(Error::Overlap {
                    input: operand,
                    input_offset: view.offset,
                    output,
                    output_offset: self.output.offset,
                    size: view.size,
                });
            }
            if extent != Extent::Elements && view.same_buffer(&self.output) {
                return Err(Error::SharedBuffer { operand, written: output });
            }
        }
        Ok(length)
    }

    fn check_bias(&self, length: u64) -> Result<()> {
        let Some(Bias { values, channels: Some(channels) }) = self.bias else { return Ok(()) };
        let found = values.storage(Operand::Bias)?;
        channels.check(length)?;
        if found == u64::from(channels.count) {
            return Ok(());
        }
        let channels = channels.count;
        Err(Error::ChannelLength { operand: Operand::Bias, length: found, channels })
    }

    fn check_mask(&self, length: u64) -> Result<()> {
        let Some(mask) = self.mask else { return Ok(()) };
        mask.storage(Operand::Mask)?;
        let (size, needed) = (mask.size, mask_size(&self.activation, length)?);
        if size != needed {
            return Err(Error::MaskSize { size, length, needed });
        }
        if self.draw.is_some() {
            return Err(no_mask(&self.activation));
        }
        if self.dy.is_none() {
            for (operand, _) in self.kernel().reads() {
                if self.view(operand).same_buffer(&mask) {
                    return Err(Error::SharedBuffer { operand, written: Operand::Mask });
                }
            }
            if self.output.same_buffer(&mask) {
                return Err(Error::SharedBuffer { operand: Operand::Mask, written: Operand::Y });
            }
        }
        Ok(())
    }
}

/// Checks each operand alone, and that all are equally long; the length, in elements.
pub(crate) fn equal_lengths(operands: &[(Operand, View<'_>)]) -> Result<u64> {
    let mut first = None;
    for &(operand, view) in operands {
        let length = view.storage(operand)?;
        let &mut (reference, expected) = first.get_or_insert((operand, length));
        if length != expected {
            return Err(Error::LengthMismatch { operand, length, reference, expected });
        }
    }
    Ok(first.map_or(0, |(_, length)| length))
}

/// Bytes of the mask of `length` elements: whole blocks.
pub(crate) fn mask_size(activation: &Activation, length: u64) -> Result<u64> {
    let mask = activation.mask().ok_or_else(|| no_mask(activation))?;
    let blocks = length.div_ceil(dispatch::ALIGNMENT);
    Ok(blocks * (dispatch::ALIGNMENT / 32) * 4 * u64::from(mask.words))
}

fn no_mask(activation: &Activation) -> Error {
    Error::Unsupported {
        activation: activation.name(),
        what: "mask, since its derivative has more than two levels",
        remedy: "keep x, and use gradient",
    }
}
