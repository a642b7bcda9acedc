//! What a caller asks for, checked: an activation, the parts around it, and their buffers.

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::draw::Draw;
use crate::args::fusion::Bias;
use crate::args::view::View;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::spans;
use crate::plan::strided::{Region, Strided, contiguous};
use crate::shader::variant::{Direction, Extent, Gate, Kernel, Order};

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
    /// Slopes, one a channel.
    pub(crate) weights: Option<(View<'a>, Channels)>,
    /// What multiplies x, and how.
    pub(crate) gate: Option<(View<'a>, Gate)>,
    /// The gradient of the gate's input.
    pub(crate) dgate: Option<View<'a>>,
    /// y, or dx.
    pub(crate) output: View<'a>,
}

/// What a checked operation comes to.
pub(crate) struct Checked {
    /// The shader it needs.
    pub(crate) kernel: Kernel,
    /// In elements.
    pub(crate) length: u64,
    /// All elements, if there are some that do not lie behind one another.
    pub(crate) region: Option<Region>,
}

impl<'a> Operation<'a> {
    /// The shader it needs, as far as that does not follow from how the elements lie.
    fn kernel(&self) -> Kernel {
        let [input, output] = self.elements;
        Kernel {
            direction: if self.dy.is_some() { Direction::Gradient } else { Direction::Forward },
            bias: self.bias.map(|bias| match bias.channels {
                None => Extent::Elements,
                Some(_) => Extent::Channels,
            }),
            residual: self.residual.is_some(),
            mask: self.mask.is_some(),
            draws: self.draw.is_some(),
            weights: self.weights.is_some(),
            gate: self.gate.map(|(_, gate)| gate),
            order: Order::Contiguous,
            input,
            output,
        }
    }

    /// All elements, if some do not lie behind one another. The operands' layouts have been checked.
    fn region(&self, kernel: Kernel) -> Option<Region> {
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
        let of_bias = self.bias.and_then(|bias| bias.channels);
        let of_weights = self.weights.map(|(_, channels)| channels);
        of_bias.or(of_weights).unwrap_or(Channels { count: 1, inner: 1 })
    }

    /// The buffer of an operand of [`Operation::kernel`].
    pub(crate) fn view(&self, operand: Operand) -> View<'a> {
        let view = match operand {
            Operand::X => self.x,
            Operand::Dy => self.dy,
            Operand::Bias => self.bias.map(|bias| bias.values),
            Operand::Residual => self.residual,
            Operand::Mask => self.mask,
            Operand::Weight => self.weights.map(|(values, _)| values),
            Operand::Gate => self.gate.map(|(values, _)| values),
            Operand::Dgate => self.dgate,
            _ => None,
        };
        view.unwrap_or(self.output)
    }

    /// Checks every operand alone and against the others.
    pub(crate) fn check(&self) -> Result<Checked> {
        let mut kernel = self.kernel();
        let of_elements: Vec<_> = kernel
            .of_elements()
            .into_iter()
            .map(|operand| (operand, self.view(operand), kernel.element(operand)))
            .collect();
        let length = equal_lengths(&of_elements)?;
        self.check_shapes(kernel)?;
        let region = if length == 0 { None } else { self.region(kernel) };
        kernel.order = region.as_ref().map_or(Order::Contiguous, Region::order);
        self.check_channels(kernel, length)?;
        self.check_mask(length)?;
        self.check_apart(kernel, region.as_ref())?;
        Ok(Checked { kernel, length, region })
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
        let mut writes = kernel.writes().into_iter();
        writes.try_for_each(|(operand, _)| match &self.view(operand).layout {
            Some(layout) => layout.check_written(operand, kernel.element(operand).size()),
            None => Ok(()),
        })
    }

    /// That what shares a buffer with something written is the same, or apart from it.
    fn check_apart(&self, kernel: Kernel, region: Option<&Region>) -> Result<()> {
        let writes = kernel.writes();
        for (index, &(written, extent_written)) in writes.iter().enumerate() {
            let output = self.view(written);
            let others = writes[..index].iter().map(|write| (write, false));
            let reads = kernel.reads();
            for (&(operand, extent), may_be) in others.chain(reads.iter().map(|read| (read, true)))
            {
                let view = self.view(operand);
                if !view.same_buffer(&output) {
                    continue;
                }
                // A binding has words of one size.
                let each = extent == Extent::Elements && extent_written == Extent::Elements;
                if !each || kernel.element(operand) != kernel.element(written) {
                    let (operand, written) =
                        if may_be { (operand, written) } else { (written, operand) };
                    return Err(Error::SharedBuffer { operand, written });
                }
                let pair = region.and_then(|r| Some((r, r.of(operand)?, r.of(written)?)));
                let element = kernel.element(operand).size();
                let [a, b] = [view, output].map(|view| view.offset / element);
                let (same, apart) = match pair {
                    Some((region, x, y)) => {
                        (a == b && x.strides == y.strides, region.apart([(x, a), (y, b)]))
                    }
                    None => (a == b, view.size == 0 || (a != b && !view.overlaps_in_part(&output))),
                };
                if apart || (same && may_be) {
                    continue;
                }
                if !may_be {
                    return Err(Error::OutputsOverlap { output: operand, other: written });
                }
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

    /// That operands of one number a channel have as many, and the elements are whole rows.
    fn check_channels(&self, kernel: Kernel, length: u64) -> Result<()> {
        let of_bias = self.bias.and_then(|b| Some((Operand::Bias, b.values, b.channels?)));
        let of_weights = self.weights.map(|(values, channels)| (Operand::Weight, values, channels));
        for (operand, values, channels) in of_bias.into_iter().chain(of_weights) {
            let found = values.contiguous(operand)?.storage(operand, kernel.element(operand))?;
            channels.check(length)?;
            if found != u64::from(channels.count) {
                let channels = channels.count;
                return Err(Error::ChannelLength { operand, length: found, channels });
            }
        }
        Ok(())
    }

    fn check_mask(&self, length: u64) -> Result<()> {
        let Some(mask) = self.mask else { return Ok(()) };
        mask.contiguous(Operand::Mask)?.storage(Operand::Mask, ElementType::F32)?;
        let (size, needed) = (mask.size, mask_size(&self.activation, length)?);
        if size != needed {
            return Err(Error::MaskSize { size, length, needed });
        }
        if self.draw.is_some() {
            return Err(no_mask(&self.activation));
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

/// Bytes of the mask of `length` elements: whole blocks.
pub(crate) fn mask_size(activation: &Activation, length: u64) -> Result<u64> {
    let mask = activation.mask().ok_or_else(|| no_mask(activation))?;
    let blocks = length.div_ceil(spans::ALIGNMENT);
    Ok(blocks * (spans::ALIGNMENT / 32) * 4 * u64::from(mask.words))
}

fn no_mask(activation: &Activation) -> Error {
    Error::Unsupported {
        activation: activation.name(),
        what: "mask, since its derivative has more than two levels",
        remedy: "keep x, and use gradient",
    }
}
