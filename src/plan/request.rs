//! A request and its checks: an activation and the ranges of its operands.

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::draw::Draw;
use crate::args::range::BufferRange;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::{Access, Direction, Indexing, OPERANDS, Operand};
use crate::plan::spans;
use crate::plan::strided::{Region, Strided, contiguous};
use crate::shader::variant::{Addressing, Variant};

/// An operation to plan: a direction, an activation, and a range for each operand.
///
/// ```
/// use wgpu_relu::plan::{BufferRange, Planner, Request};
/// use wgpu_relu::{Activation, Operand, wgpu};
///
/// let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
/// let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty());
/// let plan = Request::forward(Activation::Relu)
///     .with(Operand::X, BufferRange::whole(0, 4096)) // 1024 f32
///     .with(Operand::Y, BufferRange::whole(1, 4096))
///     .plan(&planner)?;
/// for dispatch in &plan.dispatches {
///     println!("{} workgroups of {:?}", dispatch.workgroups()[0], dispatch.key());
/// }
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Request {
    pub(crate) direction: Direction,
    pub(crate) activation: Activation,
    pub(crate) draw: Option<Draw>,
    /// Whether the gate multiplies x as it is, without the activation.
    pub(crate) linear_gate: bool,
    /// Whether results are added to the contents of their ranges.
    pub(crate) accumulates: bool,
    /// The element types of x and of y.
    pub(crate) elements: [ElementType; 2],
    /// One entry per row of the operand table.
    pub(crate) operands: [Option<Given>; OPERANDS.len()],
    /// An operand that was given but has no row.
    pub(crate) foreign: Option<Operand>,
}

/// A range for an operand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    range: BufferRange,
    /// The channels of an operand with one number per channel.
    channels: Option<Channels>,
}

/// An operand of a request, and all that follows from the operand table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    pub(crate) operand: Operand,
    pub(crate) access: Access,
    pub(crate) indexing: Indexing,
    pub(crate) element: ElementType,
    pub(crate) range: BufferRange,
    channels: Option<Channels>,
}

/// A request whose operands fit together.
pub(crate) struct Validated {
    /// In the order of the bindings.
    pub(crate) arguments: Vec<Argument>,
    /// The shader it takes.
    pub(crate) variant: Variant,
    /// In elements.
    pub(crate) length: u64,
    /// All elements, if some are not contiguous.
    pub(crate) region: Option<Region>,
}

impl Request {
    /// y = f(x). Takes [`Operand::X`] and [`Operand::Y`], and optionally `Gate`, `Bias`, `Weight`, `Residual`,
    /// `Mask`; or [`Operand::YNegated`] for f(-x).
    pub fn forward(activation: Activation) -> Self {
        Request::new(Direction::Forward, activation)
    }

    /// dx = dy · f'(x). Takes [`Operand::Dy`], [`Operand::Dx`], and `X` or a `Mask`; optionally `Bias`, `Weight`, and a
    /// `Residual` that is added to dx. With a `Gate` it also takes `Dgate`. A `DyNegated` subtracts its product with f'(-x).
    pub fn gradient(activation: Activation) -> Self {
        Request::new(Direction::Gradient, activation)
    }

    pub(crate) fn new(direction: Direction, activation: Activation) -> Self {
        Request {
            direction,
            activation,
            draw: None,
            linear_gate: false,
            accumulates: false,
            elements: [ElementType::F32; 2],
            operands: [None; OPERANDS.len()],
            foreign: None,
        }
    }

    /// Adds a range for an operand. It has as many elements as x, unless it is a mask.
    pub fn with(self, operand: Operand, range: BufferRange) -> Self {
        self.given(operand, Given { range, channels: None })
    }

    /// Adds a range for an operand that is read and has one number per channel, as [`Operand::Weight`] has.
    pub fn with_channels(self, operand: Operand, range: BufferRange, channels: Channels) -> Self {
        self.given(operand, Given { range, channels: Some(channels) })
    }

    /// Sets the element type of x, dx, gate and bias, and the element type of y, dy and residual. f32 is the default.
    pub fn with_elements(self, x: ElementType, y: ElementType) -> Self {
        Request { elements: [x, y], ..self }
    }

    /// Takes random slopes, for [`Activation::Rrelu`] in training.
    pub fn with_draw(self, draw: Draw) -> Self {
        Request { draw: Some(draw), ..self }
    }

    /// Adds results to the contents of their ranges, as [`GpuActivation::accumulating`] does for gradients. A mask is
    /// overwritten.
    ///
    /// [`GpuActivation::accumulating`]: crate::GpuActivation::accumulating
    pub fn accumulating(self) -> Self {
        Request { accumulates: true, ..self }
    }

    /// Whether an operand is given.
    pub(crate) fn has(&self, operand: Operand) -> bool {
        operand.row().is_some_and(|row| self.operands[row].is_some())
    }

    /// The same request without an operand.
    pub(crate) fn without(mut self, operand: Operand) -> Self {
        if let Some(row) = operand.row() {
            self.operands[row] = None;
        }
        self
    }

    fn given(mut self, operand: Operand, given: Given) -> Self {
        match operand.row() {
            Some(row) => self.operands[row] = Some(given),
            None => self.foreign = Some(operand),
        }
        self
    }

    /// Its operands in the order of the bindings, with the table's entries for this direction.
    fn arguments(&self) -> Vec<Argument> {
        let [input, output] = self.elements;
        let variant = Variant { input, output, ..Variant::new(self.direction) };
        let mut arguments = Vec::with_capacity(OPERANDS.len());
        for (row, given) in OPERANDS.iter().zip(&self.operands) {
            let Some(Given { range, channels }) = *given else { continue };
            let Some(used) = row.in_direction(self.direction) else { continue };
            let operand = row.operand;
            arguments.push(Argument {
                operand,
                access: used.access,
                indexing: channels.map_or(row.indexing, |_| Indexing::Channel),
                element: variant.element_type(operand),
                range,
                channels,
            });
        }
        arguments
    }

    /// The variant, as far as it does not follow from where the elements are.
    fn variant(&self, arguments: &[Argument]) -> Variant {
        let [input, output] = self.elements;
        let variant = Variant {
            random_slopes: self.draw.is_some(),
            linear_gate: self.linear_gate,
            accumulates: self.accumulates,
            input,
            output,
            ..Variant::new(self.direction)
        };
        let with = |v: Variant, a: &Argument| v.with_indexing(a.operand, Some(a.indexing));
        arguments.iter().fold(variant, with)
    }

    /// Checks every operand alone and against the others.
    pub(crate) fn validate(&self) -> Result<Validated> {
        let arguments = self.arguments();
        let mut variant = self.variant(&arguments);
        let each = |access| {
            let of_access = arguments.iter().filter(move |argument| argument.access == access);
            of_access.filter(|argument| argument.indexing == Indexing::Element)
        };
        // The order of errors: lengths are compared over all inputs, then over all outputs.
        let per_element: Vec<&Argument> = each(Access::Read).chain(each(Access::Write)).collect();
        let lengths = per_element.iter().map(|a| (a.operand, a.range, a.element));
        // One range has different lengths in different types, so the types come first.
        check_types(&per_element)?;
        let length = equal_lengths(lengths)?;
        check_shapes(&per_element)?;
        let region = if length == 0 { None } else { region(&per_element) };
        variant.addressing = region.as_ref().map_or(Addressing::Contiguous, Region::addressing);
        check_channels(&arguments, length)?;
        self.check_mask(&arguments, length)?;
        check_disjoint(&arguments, region.as_ref())?;
        Ok(Validated { arguments, variant, length, region })
    }

    /// Checks that one kernel takes all the operands.
    pub(crate) fn check_operands(&self) -> Result<()> {
        use Operand::{
            Bias, Dgate, Dx, Dy, DyNegated, Gate, Mask, Residual, Weight, X, Y, YNegated,
        };
        let wrong = |operand, rule| Err(Error::Operands { operand, rule });
        if let Some(operand) = self.foreign {
            return wrong(operand, "is no operand of an elementwise operation; leave it out");
        }
        let mut channels = None;
        for (row, given) in OPERANDS.iter().zip(&self.operands) {
            let Some(given) = given else { continue };
            let operand = row.operand;
            let Some(used) = row.in_direction(self.direction) else {
                return wrong(operand, "belongs to the other direction; leave it out");
            };
            let Some(of_operand) = given.channels else {
                if row.indexing == Indexing::Channel {
                    return wrong(operand, "has one number per channel; give channels");
                }
                continue;
            };
            if used.access == Access::Write || row.indexing == Indexing::Mask {
                return wrong(operand, "cannot have one number per channel; leave channels out");
            }
            if *channels.get_or_insert(of_operand) != of_operand {
                return wrong(operand, "has other channels than another operand; give the same");
            }
        }
        let gradient = self.direction == Direction::Gradient;
        let has = |operand| self.has(operand);
        let needed = if gradient { [Dx, Dy] } else { [Y, X] };
        if let Some(operand) = needed.into_iter().find(|operand| !has(*operand)) {
            return wrong(operand, "is missing; give it a range");
        }
        if gradient && has(X) && has(Mask) {
            return wrong(Mask, "is given beside x; a gradient takes one of the two");
        }
        if gradient && !has(X) && !has(Mask) {
            return wrong(X, "is missing; give it a range, or give a mask");
        }
        if gradient && has(Gate) != has(Dgate) {
            return wrong(Dgate, "and the gate go together; give both or none");
        }
        let excluded: &[Operand] = match (has(Gate), has(YNegated) || has(DyNegated)) {
            (_, true) => &[Bias, Weight, Residual, Mask, Gate],
            (true, false) => &[Bias, Weight, Residual, Mask],
            (false, false) => &[],
        };
        if let Some(operand) = excluded.iter().find(|operand| has(**operand)) {
            let rule =
                "cannot be given beside a gate or a negated half; use an operation of its own";
            return wrong(*operand, rule);
        }
        if gradient && has(Mask) && (has(Bias) || has(Weight)) {
            let operand = if has(Bias) { Bias } else { Weight };
            return wrong(operand, "is contained in the mask; leave it out");
        }
        if has(Weight) && !self.activation.has_random_slopes() {
            return wrong(Weight, "has no meaning for this activation; take rrelu");
        }
        let fixed = [Weight, Gate, YNegated, DyNegated].into_iter().find(|operand| has(*operand));
        if let (Some(_), Some(operand)) = (self.draw, fixed) {
            return wrong(operand, "cannot be given beside random slopes; leave the draw out");
        }
        match self.draw {
            None => Ok(()),
            Some(_) => self.activation.check_random_slopes("plan it without a draw, or take rrelu"),
        }
    }

    fn check_mask(&self, arguments: &[Argument], length: u64) -> Result<()> {
        let Some(mask) = arguments.iter().find(|a| a.indexing == Indexing::Mask) else {
            return Ok(());
        };
        mask.range.contiguous(mask.operand)?.storage(mask.operand, mask.element)?;
        let (size, needed) = (mask.range.size, mask_size(&self.activation, length)?);
        if size != needed {
            return Err(Error::MaskSize { size, length, needed });
        }
        if self.draw.is_some() {
            return Err(no_mask(&self.activation));
        }
        Ok(())
    }
}

impl Validated {
    /// The channels of the elements. Without an operand per channel they do not matter.
    pub(crate) fn channels(&self) -> Channels {
        let mut channels = self.arguments.iter().filter_map(|argument| argument.channels);
        channels.next().unwrap_or(Channels { count: 1, inner: 1 })
    }

    /// The operands with a number per element.
    pub(crate) fn per_element(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.indexing == Indexing::Element)
    }
}

/// All elements, if some are not contiguous. The layouts have been checked.
fn region(per_element: &[&Argument]) -> Option<Region> {
    let layout_of =
        |a: &Argument| a.range.layout.and_then(|l| l.of(a.operand, a.element.size()).ok());
    let shape = per_element.iter().find_map(|argument| layout_of(argument))?.shape;
    let strided = per_element.iter().map(|argument| {
        let bytes = argument.element.size();
        let strides =
            layout_of(argument).map_or(contiguous(shape), |l| l.strides.map(|s| s / bytes));
        Strided { operand: argument.operand, first: 0, strides }
    });
    let region = Region { start: 0, shape, operands: strided.collect() }.merged();
    (!region.is_contiguous()).then_some(region)
}

/// Checks that operands in the buffer of an output have its element type: all that share a binding do.
fn check_types(per_element: &[&Argument]) -> Result<()> {
    for output in per_element.iter().filter(|argument| argument.access == Access::Write) {
        let differs =
            |a: &&&Argument| a.range.same_buffer(&output.range) && a.element != output.element;
        if let Some(argument) = per_element.iter().find(differs) {
            let (operand, written) = (argument.operand, output.operand);
            return Err(Error::SharedBuffer { operand, written });
        }
    }
    Ok(())
}

/// Checks that all strided operands have one shape, and that no element is written twice.
fn check_shapes(per_element: &[&Argument]) -> Result<()> {
    let mut first = None;
    for &&Argument { operand, element, range, .. } in per_element {
        let Some(layout) = range.layout else { continue };
        let shape = layout.of(operand, element.size())?.shape;
        let &mut (reference, expected) = first.get_or_insert((operand, shape));
        if shape != expected {
            return Err(Error::ShapeMismatch { operand, shape, reference, expected });
        }
    }
    let mut written = per_element.iter().filter(|argument| argument.access == Access::Write);
    written.try_for_each(|argument| match &argument.range.layout {
        Some(layout) => layout.check_written(argument.operand, argument.element.size()),
        None => Ok(()),
    })
}

/// Checks that an operand in the buffer of an output is equal to it or disjoint from it.
fn check_disjoint(arguments: &[Argument], region: Option<&Region>) -> Result<()> {
    let of = |access| arguments.iter().filter(move |argument| argument.access == access);
    for (index, output) in of(Access::Write).enumerate() {
        let others = of(Access::Write).take(index).chain(of(Access::Read));
        for argument in others.filter(|argument| argument.range.same_buffer(&output.range)) {
            check_pair(argument, output, region)?;
        }
    }
    Ok(())
}

/// Checks that two operands of one buffer, of which the second is written, are equal or disjoint.
fn check_pair(argument: &Argument, output: &Argument, region: Option<&Region>) -> Result<()> {
    let (operand, written) = (argument.operand, output.operand);
    let is_read = argument.access == Access::Read;
    if [argument, output].iter().any(|a| a.indexing != Indexing::Element) {
        let (operand, written) = if is_read { (operand, written) } else { (written, operand) };
        return Err(Error::SharedBuffer { operand, written });
    }
    let pair = region.and_then(|r| Some((r, r.of(operand)?, r.of(written)?)));
    let [a, b] = [argument, output].map(|a| a.range.offset / a.element.size());
    let (same, disjoint) = match pair {
        Some((region, x, y)) => {
            (a == b && x.strides == y.strides, region.disjoint([(x, a), (y, b)]))
        }
        None => {
            let overlaps = argument.range.overlaps_in_part(&output.range);
            (a == b, argument.range.size == 0 || (a != b && !overlaps))
        }
    };
    if disjoint || (same && is_read) {
        return Ok(());
    }
    if !is_read {
        return Err(Error::OutputsOverlap { output: operand, other: written });
    }
    Err(Error::Overlap {
        input: operand,
        input_offset: argument.range.offset,
        output: written,
        output_offset: output.range.offset,
        size: argument.range.size,
    })
}

/// Checks that operands with one number per channel have as many numbers as there are channels, and that the elements
/// are whole rows.
fn check_channels(arguments: &[Argument], length: u64) -> Result<()> {
    for &Argument { operand, element, range, channels, .. } in arguments {
        let Some(channels) = channels else { continue };
        let found = range.contiguous(operand)?.storage(operand, element)?;
        channels.check(length)?;
        if found != u64::from(channels.count) {
            let channels = channels.count;
            return Err(Error::ChannelLength { operand, length: found, channels });
        }
    }
    Ok(())
}

/// Checks each operand alone, and that all are equally long. Returns the length, in elements.
pub(crate) fn equal_lengths(
    operands: impl IntoIterator<Item = (Operand, BufferRange, ElementType)>,
) -> Result<u64> {
    let mut first = None;
    for (operand, range, element) in operands {
        let length = range.storage(operand, element)?;
        let &mut (reference, expected) = first.get_or_insert((operand, length));
        if length != expected {
            return Err(Error::LengthMismatch { operand, length, reference, expected });
        }
    }
    Ok(first.map_or(0, |(_, length)| length))
}

/// Bytes of the mask of `length` elements: 1 or 2 bits per element, in whole blocks. The number is the same on every device.
///
/// # Errors
///
/// [`Error::Unsupported`] for an activation whose derivative has more than two values.
///
/// ```
/// use wgpu_relu::{Activation, plan};
///
/// assert_eq!(plan::mask_size(&Activation::Relu, 1_000_000)?, 125_024);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
pub fn mask_size(activation: &Activation, length: u64) -> Result<u64> {
    let mask = activation.mask().ok_or_else(|| no_mask(activation))?;
    let blocks = length.div_ceil(spans::SPAN_ALIGNMENT);
    Ok(blocks * (spans::SPAN_ALIGNMENT / 32) * 4 * u64::from(mask.bits))
}

fn no_mask(activation: &Activation) -> Error {
    Error::Unsupported {
        activation: activation.name(),
        what: "mask, since its derivative has more than two values",
        remedy: "keep x, and use gradient",
    }
}
