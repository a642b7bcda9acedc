//! What a caller asks for, checked: an activation, the parts around it, and their buffers.

use crate::activation::Activation;
use crate::dispatch;
use crate::draw::Draw;
use crate::element::ElementType;
use crate::error::{Error, Operand, Result};
use crate::fusion::{Bias, Channels};
use crate::kernel::{Direction, Extent, Kernel, Order};
use crate::strided::{Region, Strided, contiguous};
use crate::view::View;

/// An operation on given buffers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) activation: Activation,
    pub(crate) draw: Option<Draw>,
    /// Of x and dx, and of y and dy.
    pub(crate) elements: [ElementType; 2],
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
        let [input, output] = self.elements;
        let mut kernel = Kernel {
            direction: if self.dy.is_some() { Direction::Gradient } else { Direction::Forward },
            bias: self.bias.map(|bias| match bias.channels {
                None => Extent::Elements,
                Some(_) => Extent::Channels,
            }),
            residual: self.residual.is_some(),
            mask: self.mask.is_some(),
            draws: self.draw.is_some(),
            order: Order::Contiguous,
            input,
            output,
        };
        kernel.order = self.region(kernel).map_or(Order::Contiguous, |region| region.order());
        kernel
    }

    /// All elements, if some do not lie behind one another.
    pub(crate) fn region(&self, kernel: Kernel) -> Option<Region> {
        let operands = kernel.of_elements();
        let layout =
            operands.iter().find_map(|&operand| self.view(operand).layout.map(|l| (operand, l)));
        let (operand, layout) = layout?;
        let shape = layout.of(operand, kernel.element(operand).size()).ok()?.shape;
        let strided = operands.iter().map(|&operand| {
            let bytes = kernel.element(operand).size();
            let layout = self.view(operand).layout.and_then(|l| l.of(operand, bytes).ok());
            let strides =
                layout.map_or(contiguous(shape), |l| l.strides.map(|stride| stride / bytes));
            Strided { operand, first: 0, strides }
        });
        let region = Region { start: 0, shape, operands: strided.collect() }.merged();
        (!region.is_contiguous()).then_some(region)
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
        let of_elements: Vec<_> = kernel
            .of_elements()
            .into_iter()
            .map(|operand| (operand, self.view(operand), kernel.element(operand)))
            .collect();
        let length = equal_lengths(&of_elements)?;
        self.check_shapes(kernel)?;
        self.check_bias(kernel, length)?;
        self.check_mask(kernel, length)?;
        self.check_apart(kernel)?;
        Ok(length)
    }

    /// That all strided operands have one shape, and that no element is written twice.
    fn check_shapes(&self, kernel: Kernel) -> Result<()> {
        let mut first = None;
        for operand in kernel.of_elements() {
            let Some(layout) = self.view(operand).layout else { continue };
            let shape = layout.of(operand, kernel.element(operand).size())?.shape;
            let &mut (reference, expected) = first.get_or_insert((operand, shape));
            if shape != expected {
                return Err(Error::ShapeMismatch { operand, shape, reference, expected });
            }
        }
        let written = kernel.written();
        match self.region(kernel) {
            Some(region) if region.length() > 0 => {
                region.check_written(written, kernel.element(written).size())
            }
            _ => Ok(()),
        }
    }

    /// That what is read is the output itself, or apart from it.
    fn check_apart(&self, kernel: Kernel) -> Result<()> {
        let (written, output) = (kernel.written(), self.output);
        let region = self.region(kernel);
        for (operand, extent) in kernel.reads() {
            let view = self.view(operand);
            if !view.same_buffer(&output) {
                continue;
            }
            // A binding has words of one size.
            if extent != Extent::Elements || kernel.element(operand) != kernel.element(written) {
                return Err(Error::SharedBuffer { operand, written });
            }
            let meet = match region.as_ref().and_then(|r| Some((r, r.of(operand)?, r.of(written)?)))
            {
                Some((region, of_input, of_output)) if region.length() > 0 => {
                    let element = kernel.element(operand).size();
                    let [a, b] = [view, output].map(|view| view.offset / element);
                    let same = a == b && of_input.strides == of_output.strides;
                    !same && !region.apart([(of_input, a), (of_output, b)])
                }
                _ => view.overlaps_in_part(&output),
            };
            if meet {
                return Err(Error::Overlap {
                    input: operand,
                    input_offset: view.offset,
                    output: written,
                    output_offset: output.offset,
                    size: view.size,
                });
            }
        }
        Ok(())
    }

    fn check_bias(&self, kernel: Kernel, length: u64) -> Result<()> {
        let Some(Bias { values, channels: Some(channels) }) = self.bias else { return Ok(()) };
        contiguous_only(Operand::Bias, &values)?;
        let found = values.storage(Operand::Bias, kernel.element(Operand::Bias))?;
        channels.check(length)?;
        if found == u64::from(channels.count) {
            return Ok(());
        }
        let channels = channels.count;
        Err(Error::ChannelLength { operand: Operand::Bias, length: found, channels })
    }

    fn check_mask(&self, kernel: Kernel, length: u64) -> Result<()> {
        let Some(mask) = self.mask else { return Ok(()) };
        contiguous_only(Operand::Mask, &mask)?;
        mask.storage(Operand::Mask, ElementType::F32)?;
        let (size, needed) = (mask.size, mask_size(&self.activation, length)?);
        if size != needed {
            return Err(Error::MaskSize { size, length, needed });
        }
        if self.draw.is_some() {
            return Err(no_mask(&self.activation));
        }
        if self.dy.is_none() {
            for (operand, _) in kernel.reads() {
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
pub(crate) fn equal_lengths(operands: &[(Operand, View<'_>, ElementType)]) -> Result<u64> {
    let mut first = None;
    for &(operand, view, element) in operands {
        let length = view.storage(operand, element)?;
        let &mut (reference, expected) = first.get_or_insert((operand, length));
        if length != expected {
            return Err(Error::LengthMismatch { operand, length, reference, expected });
        }
    }
    Ok(first.map_or(0, |(_, length)| length))
}

/// That an operand that is not one element each is a plain range.
pub(crate) fn contiguous_only(operand: Operand, view: &View<'_>) -> Result<()> {
    if view.layout.is_some() { Err(Error::Strided { operand }) } else { Ok(()) }
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
