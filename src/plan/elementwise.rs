//! The dispatches of an elementwise request.

use std::mem::offset_of;

use crate::args::channels::Channels;
use crate::args::range::BufferId;
use crate::error::{Error, Result};
use crate::operand::{Access, Direction, Indexing, Operand};
use crate::plan::dispatch::{Dispatch, Parameters, Patchable, Plan};
use crate::plan::launch_config::LaunchConfig;
use crate::plan::planner::Planner;
use crate::plan::ranges::{BoundRange, Ranges};
use crate::plan::request::{Argument, Request, Validated};
use crate::plan::spans::{self, SPAN_ALIGNMENT, Span};
use crate::plan::strided::Region;
use crate::plan::uniform::Params;
use crate::shader::elementwise::ElementwiseShader;
use crate::shader::variant::{BindingSlot, ChannelPattern, VectorWidth};

impl Request {
    /// Plans the request: its dispatches, with all data that a launcher needs.
    ///
    /// # Errors
    ///
    /// [`Error::Operands`] for an operand that is missing or does not belong to the request,
    /// and all errors of [`GpuRelu`](crate::GpuRelu)'s operations that a plan can find.
    pub fn plan(&self, planner: &Planner) -> Result<Plan> {
        self.check_operands()?;
        self.plan_operands(planner)
    }

    /// [`plan`](Request::plan) for operands that belong together.
    pub(crate) fn plan_operands(&self, planner: &Planner) -> Result<Plan> {
        let request = self.validate()?;
        let of_mask = request.variant.has_mask() && self.direction == Direction::Gradient;
        let parameters = Parameters {
            activation: self.activation,
            of_mask,
            offset: offset_of!(Params, activation) as u64,
        };
        // Slopes per channel are no parameters, and a linear gate has none.
        let fixed = request.variant.has(Operand::Weight) || self.linear_gate;
        let patchable = Patchable {
            activation: (!fixed).then_some(parameters),
            draw: self.draw.map(|_| offset_of!(Params, draw) as u64),
            first_four: Some(offset_of!(Params, first_four) as u64),
        };
        let dispatches = if request.length == 0 {
            Vec::new()
        } else {
            let planned = ElementwisePlanner { planner, given: self, request, parameters };
            match planned.dispatches() {
                // A browser has at least eight storage buffers.
                Err(Error::Limit { .. })
                    if cfg!(not(target_arch = "wasm32"))
                        && self.has(Operand::Dx)
                        && self.has(Operand::Dgate) =>
                {
                    self.plan_gradients_of_gate(planner)?
                }
                dispatches => dispatches?,
            }
        };
        Ok(Plan { scratch: Vec::new(), dispatches, patchable })
    }
}

impl Request {
    /// dgate and dx of a gated unit, one after the other: together they take five storage buffers, and some devices have
    /// four. Five buffers share no element, so the first overwrites nothing that the second reads.
    fn plan_gradients_of_gate(&self, planner: &Planner) -> Result<Vec<Dispatch>> {
        let dgate = self.clone().without(Operand::Dx).plan_operands(planner)?;
        let dx = self.clone().without(Operand::Dgate).without(Operand::X).plan_operands(planner)?;
        Ok([dgate.dispatches, dx.dispatches].concat())
    }
}

/// The data that all dispatches of a request share.
struct ElementwisePlanner<'p> {
    planner: &'p Planner,
    given: &'p Request,
    request: Validated,
    parameters: Parameters,
}

impl ElementwisePlanner<'_> {
    /// The dispatches for all elements.
    fn dispatches(&self) -> Result<Vec<Dispatch>> {
        self.check_limit()?;
        let (variant, length) = (self.request.variant, self.request.length);
        let launch = self.planner.launch.of(variant);
        let widths = spans::widths(variant, launch.wide);
        let (read, written) = (self.starts(Access::Read), self.starts(Access::Write));
        let mut dispatches = Vec::new();
        let Some(region) = self.request.region.clone() else {
            let sizes = self.request.per_element().map(|argument| argument.element.size());
            let max_len = self.max_len() / sizes.max().unwrap_or(4);
            let max_len = max_len.min(launch.max_elements());
            for span in spans::spans([&read, &written], length, max_len, variant, widths) {
                for part in self.parts(span) {
                    dispatches.push(self.dispatch(launch, part, None)?);
                }
            }
            return Ok(dispatches);
        };
        let bytes = |region: &Region| {
            let sizes = self.request.per_element().filter_map(|argument| {
                Some(region.extent(region.of(argument.operand)?) * argument.element.size())
            });
            sizes.max().unwrap_or(0)
        };
        let fits = |region: &Region| {
            region.length() <= launch.max_elements() && bytes(region) <= self.max_len()
        };
        let Ranges { alignment, .. } = self.planner.ranges;
        let needed = (bytes(&region) + alignment + 4) * self.bindings_per_buffer();
        let regions = region.fitting(variant, &fits);
        let regions = regions.ok_or_else(|| self.planner.ranges.too_small(needed))?;
        for region in regions {
            for (region, width) in region.by_width(variant, widths, [&read, &written]) {
                for mut span in spans::of_region(region.start, region.length(), variant, width) {
                    if self.shares_unaligned(span, Some(&region)) {
                        span.width = VectorWidth::One;
                    }
                    dispatches.push(self.dispatch(launch, span, Some(&region))?);
                }
            }
        }
        Ok(dispatches)
    }

    /// Checks that a binding holds a span of the shortest length, and all channels.
    fn check_limit(&self) -> Result<()> {
        let Ranges { alignment, limit } = self.planner.ranges;
        let channels = u64::from(self.request.channels().count);
        let span = (alignment + 4 * SPAN_ALIGNMENT) * self.bindings_per_buffer();
        let needed = span.max(alignment + 4 * channels);
        if limit < needed { Err(self.planner.ranges.too_small(needed)) } else { Ok(()) }
    }

    /// The most ranges of one written buffer. All may have to share a binding.
    fn bindings_per_buffer(&self) -> u64 {
        let arguments = &self.request.arguments;
        let ranges = |output: &Argument| {
            let of_buffer = || arguments.iter().filter(|a| a.range.same_buffer(&output.range));
            let is_new = |(index, a): &(usize, &Argument)| {
                let mut before = of_buffer().take(*index);
                !before
                    .any(|b| (a.range.offset, a.range.layout) == (b.range.offset, b.range.layout))
            };
            of_buffer().enumerate().filter(is_new).count() as u64
        };
        let written = arguments.iter().filter(|argument| argument.access == Access::Write);
        written.map(ranges).max().unwrap_or(1)
    }

    /// The most bytes of an operand in one dispatch.
    fn max_len(&self) -> u64 {
        let ranges = self.planner.ranges;
        Ranges { limit: ranges.limit / self.bindings_per_buffer(), ..ranges }.max_len()
    }

    /// Where the operands with a number per element start in their buffers, in elements: those read and those written, in
    /// the order of a region.
    fn starts(&self, access: Access) -> Vec<u64> {
        let arguments = self.request.per_element().filter(|a| a.access == access);
        arguments.map(|argument| argument.range.offset / argument.element.size()).collect()
    }

    /// The dispatch of one span.
    fn dispatch(
        &self,
        launch: LaunchConfig,
        span: Span,
        region: Option<&Region>,
    ) -> Result<Dispatch> {
        let variant = self.request.variant;
        let operands = self.bind(span, region);
        let pattern = self.pattern(span, &operands);
        let slots: Vec<BindingSlot> = operands.iter().map(|operand| operand.slot).collect();
        let unaligned: Vec<bool> = operands.iter().map(|operand| operand.unaligned).collect();
        let ranges = operands.iter().filter(|o| !matches!(o.slot, BindingSlot::SharedWith(_)));
        let ranges: Vec<BoundRange> = ranges.map(|operand| operand.binding.range()).collect();
        self.planner.check_limits(launch.workgroup, ranges.len() as u32)?;
        let shader = ElementwiseShader {
            activation: self.given.activation.name(),
            variant,
            width: span.width,
            slots,
            unaligned,
            pattern,
        };
        let uniform = self.params(span, region, &operands, pattern).words();
        let constants = launch.constants(variant, span.width);
        let workgroups = launch.workgroups(span.length);
        let dispatch = Dispatch::new(shader, &constants, ranges, uniform, workgroups);
        Ok(dispatch.starting_at(span.start))
    }

    /// Binds the operands of one span. Bindings of a written buffer that would overlap become one, because WebGPU
    /// allows no two writable bindings of the same bytes.
    fn bind(&self, span: Span, region: Option<&Region>) -> Vec<Bound<'_>> {
        let arguments = &self.request.arguments;
        let is_written = |argument: &Argument| {
            let mut written = arguments.iter().filter(|other| other.access == Access::Write);
            written.any(|output| output.range.same_buffer(&argument.range))
        };
        let bind = |argument| {
            let binding = self.align(self.bytes(argument, span, region));
            let writable = is_written(argument);
            let slot = if writable { BindingSlot::ReadWrite } else { BindingSlot::Read };
            Bound { argument, slot, binding, first: 0, unaligned: false }
        };
        let mut operands: Vec<Bound<'_>> = arguments.iter().map(bind).collect();
        while let Some((host, guest)) = overlapping(&operands) {
            let joint = operands[host].binding.joint(operands[guest].binding);
            let (host_slot, guest_slot) =
                (BindingSlot::SharedWith(host as u8), BindingSlot::SharedWith(guest as u8));
            operands[host].binding = joint;
            for operand in &mut operands[guest..] {
                if operand.slot == guest_slot {
                    operand.slot = host_slot;
                }
            }
            operands[guest].slot = host_slot;
        }
        for index in 0..operands.len() {
            if self.planner.pooled && operands[index].slot == BindingSlot::Read {
                operands[index].slot = BindingSlot::ReadWrite;
            }
            if let BindingSlot::SharedWith(host) = operands[index].slot {
                operands[index].binding = operands[usize::from(host)].binding;
            }
            let operand = &mut operands[index];
            let start = self.bytes(operand.argument, span, region).start;
            operand.first = start - operand.binding.start;
            operand.unaligned = self.is_unaligned(operand, span.width, region);
        }
        operands
    }

    /// A span, cut so that no operand is unaligned in a binding that it shares.
    fn parts(&self, span: Span) -> Vec<Span> {
        let part = |start, length, width| Span { start, length, width };
        if !self.shares_unaligned(span, None) {
            return vec![span];
        }
        // Without their edges, ranges that follow one another have bindings of their own.
        let Span { start, length, width } = span;
        let edge = SPAN_ALIGNMENT;
        if length > 4 * edge {
            let middle = part(start + edge, length - 2 * edge, width);
            if !self.shares_unaligned(middle, None) {
                let [first, last] =
                    [start, start + length - edge].map(|at| part(at, edge, VectorWidth::One));
                return vec![first, middle, last];
            }
        }
        vec![part(start, length, VectorWidth::One)]
    }

    /// Whether an operand is unaligned in a binding that it shares. The binding has vectors, and may end within the one
    /// with the operand's last elements.
    fn shares_unaligned(&self, span: Span, region: Option<&Region>) -> bool {
        if span.width == VectorWidth::One || self.bindings_per_buffer() == 1 {
            return false;
        }
        let operands = self.bind(span, region);
        let is_host = |index| operands.iter().any(|o| o.slot == BindingSlot::SharedWith(index));
        let mut all = (0..).zip(&operands);
        all.any(|(index, o)| {
            o.unaligned && (matches!(o.slot, BindingSlot::SharedWith(_)) || is_host(index))
        })
    }

    /// Whether an operand that is read has vectors of `width` elements that are no whole vectors of its binding.
    fn is_unaligned(
        &self,
        operand: &Bound<'_>,
        width: VectorWidth,
        region: Option<&Region>,
    ) -> bool {
        let Argument { operand: name, indexing, access, .. } = *operand.argument;
        let elements = width.elements();
        let strides = region.and_then(|region| Some((region.shape, region.of(name)?.strides)));
        let mut steps = strides.into_iter().flat_map(|(shape, strides)| {
            let [outer @ .., row] = strides;
            let outer = shape.into_iter().zip(outer).filter(|(n, _)| *n > 1);
            outer.map(|(_, step)| step.is_multiple_of(elements)).chain([row == 1])
        });
        let starts = operand.first.is_multiple_of(operand.element() * elements);
        let of_vectors = width != VectorWidth::One && indexing == Indexing::Element;
        of_vectors && access == Access::Read && !(starts && steps.all(|whole| whole))
    }

    fn align(&self, bytes: Bytes) -> Bytes {
        let start = bytes.start - bytes.start % self.planner.ranges.alignment;
        Bytes { start, end: bytes.end.next_multiple_of(4), ..bytes }
    }

    /// The bytes of an operand that a span touches.
    fn bytes(&self, argument: &Argument, span: Span, region: Option<&Region>) -> Bytes {
        let Argument { operand, indexing, element, range, .. } = *argument;
        let element = element.size();
        let strided = region.and_then(|region| Some((region, region.of(operand)?)));
        let (start, size) = match (indexing, strided) {
            (Indexing::Element, Some((region, strided))) => {
                (element * strided.first, element * region.extent(strided))
            }
            (Indexing::Element, None) => (element * span.start, element * span.length),
            (Indexing::Channel, _) => (0, range.size),
            (Indexing::Mask, _) => {
                let bits = self.given.activation.mask().map_or(1, |mask| mask.bits);
                let bytes = |elements: u64| elements / SPAN_ALIGNMENT * 32 * u64::from(bits);
                (bytes(span.start), bytes(span.length.next_multiple_of(SPAN_ALIGNMENT)))
            }
        };
        let start = range.offset + start;
        Bytes { buffer: range.buffer, start, end: start + size }
    }

    /// The channels of the elements of one vector.
    fn pattern(&self, span: Span, operands: &[Bound<'_>]) -> ChannelPattern {
        let Channels { count, inner } = self.request.channels();
        let (count, inner) = (u64::from(count), u64::from(inner));
        let elements = span.width.elements();
        // Single elements may come from all over a row.
        let aligned = elements > 1 && self.first_in_row(span).is_multiple_of(elements);
        let same = count == 1 || (aligned && inner.is_multiple_of(elements));
        let consecutive = inner == 1 && aligned && count.is_multiple_of(elements);
        // The numbers of consecutive channels are loaded as a vector.
        let mut of_channels = operands.iter().filter(|o| o.argument.indexing == Indexing::Channel);
        let whole = of_channels.all(|o| o.first.is_multiple_of(o.element() * elements));
        if !self.request.variant.has_channels() || same {
            ChannelPattern::Same
        } else if consecutive && whole {
            ChannelPattern::Consecutive
        } else {
            ChannelPattern::Any
        }
    }

    /// The position of a span's first element in a row of channels.
    fn first_in_row(&self, span: Span) -> u64 {
        span.start % self.request.channels().row()
    }

    fn params(
        &self,
        span: Span,
        region: Option<&Region>,
        operands: &[Bound<'_>],
        pattern: ChannelPattern,
    ) -> Params {
        let Span { start, length, width } = span;
        // `max_elements` and the limit of bindings keep lengths and offsets within u32.
        let elements = width.elements();
        let four = start / 4;
        let channels = self.request.channels();
        let mut params = Params {
            activation: self.parameters.values(),
            draw: self.given.draw.unwrap_or_default().words(),
            first_four: [four as u32, (four >> 32) as u32],
            by_inner: divisor(channels.inner),
            by_channels: divisor(channels.count),
            channels: channels.count,
            inner: channels.inner,
            first_in_row: self.first_in_row(span) as u32,
            length: (length / elements) as u32,
            ..Params::ZERO
        };
        for operand in operands {
            let Some(row) = operand.argument.operand.row() else { continue };
            params.offset[row] = match operand.argument.indexing {
                Indexing::Mask => operand.first / 4,
                Indexing::Channel if pattern != ChannelPattern::Consecutive => {
                    operand.first / operand.element()
                }
                Indexing::Element if operand.unaligned => operand.first / operand.element(),
                Indexing::Element | Indexing::Channel => {
                    operand.first / (operand.element() * elements)
                }
            } as u32;
        }
        let Some(region) = region else { return params };
        let [blocks, planes, rows, row] = region.shape;
        let shape = [blocks, planes, rows, row / elements].map(|size| size as u32);
        [_, params.by_block, params.by_plane, params.by_row] = shape.map(divisor);
        params.shape = shape;
        params.first_vector = ((start - region.start) / elements) as u32;
        for operand in operands {
            let Argument { operand: name, .. } = *operand.argument;
            let (Some(row), Some(strided)) = (name.row(), region.of(name)) else { continue };
            let [outer @ .., inner] = strided.strides;
            // The elements of an aligned vector are contiguous.
            let (unit, inner) = match operand.unaligned {
                true => (1, inner * elements),
                false => (elements, if elements == 1 { inner } else { 1 }),
            };
            let [a, b, c] = outer.map(|stride| (stride / unit) as u32);
            params.stride[row] = [a, b, c, inner as u32];
        }
        params
    }
}

/// Bytes of a buffer.
#[derive(Debug, Clone, Copy)]
struct Bytes {
    buffer: BufferId,
    start: u64,
    end: u64,
}

impl Bytes {
    fn len(self) -> u64 {
        self.end - self.start
    }

    /// The range of both, with the bytes between them.
    fn joint(self, other: Bytes) -> Bytes {
        let (start, end) = (self.start.min(other.start), self.end.max(other.end));
        Bytes { start, end, ..self }
    }

    fn range(self) -> BoundRange {
        BoundRange { buffer: self.buffer, offset: self.start, size: self.len(), first: 0 }
    }
}

/// An operand and its binding.
struct Bound<'r> {
    argument: &'r Argument,
    slot: BindingSlot,
    binding: Bytes,
    /// The bytes of the binding before the operand.
    first: u64,
    /// Whether it is loaded element by element.
    unaligned: bool,
}

impl Bound<'_> {
    /// Bytes of an element.
    fn element(&self) -> u64 {
        self.argument.element.size()
    }
}

/// Two operands whose writable bindings overlap, neither in another's binding.
fn overlapping(operands: &[Bound<'_>]) -> Option<(usize, usize)> {
    let own = || operands.iter().enumerate().filter(|(_, o)| o.slot == BindingSlot::ReadWrite);
    let meet = |a: Bytes, b: Bytes| a.buffer == b.buffer && a.start < b.end && b.start < a.end;
    own().find_map(|(host, a)| {
        let mut guests = own().skip_while(|(guest, _)| *guest <= host);
        let guest = guests.find(|(_, b)| meet(a.binding, b.binding));
        guest.map(|(guest, _)| (host, guest))
    })
}

/// The numbers by which `divide.wgsl` divides by `d`: with l = ⌈log₂ d⌉, the multiplier ⌊2³² (2ˡ − d) / d⌋ + 1, and l.
fn divisor(d: u32) -> [u32; 2] {
    let d = u64::from(d.max(1));
    let l = d.next_power_of_two().trailing_zeros();
    [((((1u64 << l) - d) << 32) / d + 1) as u32, l]
}

#[cfg(test)]
mod tests {
    use super::divisor;

    /// `divide` of divide.wgsl.
    fn divide(n: u32, [multiplier, l]: [u32; 2]) -> u32 {
        let high = ((u64::from(n) * u64::from(multiplier)) >> 32) as u32;
        let first = l.min(1);
        (high + ((n - high) >> first)) >> (l - first)
    }

    #[test]
    fn products_divide() {
        let small = (1..=1025).step_by(if cfg!(miri) { 128 } else { 1 });
        for d in small.chain([65_535, 65_536, 65_537, 1 << 30, (1 << 31) + 1, u32::MAX]) {
            let multiples = (0..200u64).map(|k| (k * 21_474_837 / u64::from(d)) * u64::from(d));
            for n in multiples.flat_map(|m| [m, m + 1, m + u64::from(d) - 1]) {
                let n = n.min(u32::MAX.into()) as u32;
                assert_eq!(divide(n, divisor(d)), n / d, "{n} / {d}");
            }
        }
    }
}
