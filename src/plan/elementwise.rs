//! Which bytes of which buffers a dispatch binds, and what it is told of them.

use crate::args::channels::Channels;
use crate::args::view::View;
use crate::error::Result;
use crate::operand::Operand;
use crate::plan::launch_config::Geometry;
use crate::plan::ranges::Ranges;
use crate::plan::request::{Checked, Operation};
use crate::plan::spans::{self, ALIGNMENT, Span};
use crate::plan::strided::{Region, Strided};
use crate::shader::variant::{Extent, Kernel, Place, Spread};

/// Words of a dispatch's uniform, in the order of `Given` in `operation.wgsl`.
pub(crate) const WORDS: usize = 68;

/// Where in it its strides begin.
const STRIDES: usize = 28;

/// What all dispatches of an operation share.
pub(crate) struct Bindings<'o, 'a> {
    operation: &'o Operation<'a>,
    checked: &'o Checked,
    kernel: Kernel,
    ranges: Ranges,
}

impl<'o, 'a> Bindings<'o, 'a> {
    pub(crate) fn new(
        limits: &wgpu::Limits,
        operation: &'o Operation<'a>,
        checked: &'o Checked,
    ) -> Result<Self> {
        let bindings =
            Bindings { operation, checked, kernel: checked.kernel, ranges: Ranges::new(limits) };
        let (Ranges { alignment, limit }, parts) = (bindings.ranges, bindings.parts());
        let whole = u64::from(operation.channels().count);
        let needed = ((alignment + 4 * ALIGNMENT) * parts).max(alignment + 4 * whole);
        if limit < needed { Err(bindings.ranges.too_small(needed)) } else { Ok(bindings) }
    }

    /// Spans of ranges in one buffer are shorter: either they fit into one binding together, or are too
    /// far apart for their bindings to meet.
    fn parts(&self) -> u64 {
        let operands = self.kernel.operands();
        let view = |index: usize| self.operation.view(operands[index].0);
        let shares = |written: usize| {
            (written + 1..operands.len()).any(|other| view(written).same_buffer(&view(other)))
        };
        let sharing = (0..self.kernel.writes().len()).any(shares);
        if sharing { 1 + operands.len() as u64 } else { 1 }
    }

    /// Bytes of a span's range.
    fn longest(&self) -> u64 {
        Ranges { limit: self.ranges.limit / self.parts(), ..self.ranges }.longest()
    }

    /// Where the operands of an element each start in their buffers, in elements.
    fn offsets(&self) -> Vec<u64> {
        let start =
            |operand| self.operation.view(operand).offset / self.kernel.element(operand).size();
        self.kernel.of_elements().into_iter().map(start).collect()
    }

    /// The dispatches for all elements.
    pub(crate) fn plans(&self, geometry: Geometry) -> Result<Vec<Plan<'o, 'a>>> {
        let (kernel, length) = (self.kernel, self.checked.length);
        let accesses = spans::accesses(kernel, geometry.wide);
        let Some(region) = self.checked.region.clone() else {
            let sizes =
                kernel.of_elements().into_iter().map(|operand| kernel.element(operand).size());
            let longest = self.longest() / sizes.max().unwrap_or(4);
            let longest = longest.min(geometry.most_elements());
            let spans = spans::spans(&self.offsets(), length, longest, kernel, accesses);
            return Ok(spans.into_iter().map(|span| self.plan(span, None)).collect());
        };
        let bytes = |region: &Region| {
            let size = |s: &Strided| region.extent(s) * kernel.element(s.operand).size();
            region.operands.iter().map(size).max().unwrap_or(0)
        };
        let fits = |region: &Region| {
            region.length() <= geometry.most_elements() && bytes(region) <= self.longest()
        };
        let needed = (bytes(&region) + self.ranges.alignment + 4) * self.parts();
        let regions = region.fitting(kernel, &fits);
        let regions = regions.ok_or_else(|| self.ranges.too_small(needed))?;
        let offsets = self.offsets();
        let parts =
            regions.into_iter().flat_map(|region| region.by_access(kernel, accesses, &offsets));
        let plans = parts.flat_map(|(region, access)| {
            let spans = spans::blocks(region.start, region.length(), kernel, access);
            spans.into_iter().map(move |span| self.plan(span, Some(region.clone())))
        });
        Ok(plans.collect())
    }

    /// Binds one span.
    fn plan(&self, span: Span, region: Option<Region>) -> Plan<'o, 'a> {
        let range = |operand, extent| self.range(operand, extent, span, region.as_ref());
        let writes = self.kernel.writes();
        let written =
            |view: &View<'_>| writes.iter().any(|&(w, _)| self.operation.view(w).same_buffer(view));
        let mut bound: Vec<Bound<'a>> = Vec::new();
        for (operand, extent) in self.kernel.operands() {
            let own = self.align(range(operand, extent));
            let mut place = Place::Own;
            if written(&self.operation.view(operand)) {
                let joint = |host: &Bound<'a>| Binding {
                    start: host.binding.start.min(own.start),
                    end: host.binding.end.max(own.end),
                    ..own
                };
                let fits = |host: &Bound<'a>| {
                    let Binding { start, end, .. } = joint(host);
                    host.place == Place::OwnWritable
                        && host.binding.buffer == own.buffer
                        && end - start <= self.ranges.limit
                };
                place = Place::OwnWritable;
                if let Some(index) = bound.iter().position(fits) {
                    bound[index].binding = joint(&bound[index]);
                    place = Place::With(index as u8);
                }
            }
            bound.push(Bound { operand, extent, place, binding: own, first: 0 });
        }
        for index in 0..bound.len() {
            if let Place::With(host) = bound[index].place {
                bound[index].binding = bound[usize::from(host)].binding;
            }
            let one = &mut bound[index];
            one.first = range(one.operand, one.extent).start - one.binding.start;
        }
        Plan { operation: self.operation, kernel: self.kernel, span, region, bound }
    }

    fn align(&self, binding: Binding<'a>) -> Binding<'a> {
        let start = binding.start - binding.start % self.ranges.alignment;
        Binding { start, end: binding.end.next_multiple_of(4), ..binding }
    }

    /// The bytes of an operand that a span touches.
    fn range(
        &self,
        operand: Operand,
        extent: Extent,
        span: Span,
        region: Option<&Region>,
    ) -> Binding<'a> {
        let view = self.operation.view(operand);
        let element = self.kernel.element(operand).size();
        let strided = region.and_then(|region| Some((region, region.of(operand)?)));
        let (start, size) = match (extent, strided) {
            (Extent::Elements, Some((region, strided))) => {
                (element * strided.first, element * region.extent(strided))
            }
            (Extent::Elements, None) => (element * span.start, element * span.length),
            (Extent::Channels, _) => (0, view.size),
            (Extent::Mask, _) => {
                let words = self.operation.activation.mask().map_or(1, |mask| mask.words);
                let bytes = |elements: u64| elements / ALIGNMENT * 32 * u64::from(words);
                (bytes(span.start), bytes(span.length.next_multiple_of(ALIGNMENT)))
            }
        };
        let start = view.offset + start;
        Binding { buffer: view.buffer, start, end: start + size }
    }
}

/// A range of bytes to bind.
#[derive(Debug, Clone, Copy)]
struct Binding<'a> {
    buffer: &'a wgpu::Buffer,
    start: u64,
    end: u64,
}

/// An operand and its binding.
struct Bound<'a> {
    operand: Operand,
    extent: Extent,
    place: Place,
    binding: Binding<'a>,
    /// Where in the binding the operand begins, in bytes.
    first: u64,
}

/// One span with its bindings: what is written, then what is read.
pub(crate) struct Plan<'o, 'a> {
    operation: &'o Operation<'a>,
    kernel: Kernel,
    pub(crate) span: Span,
    /// Where its elements lie, if not behind one another.
    region: Option<Region>,
    bound: Vec<Bound<'a>>,
}

impl Plan<'_, '_> {
    /// How many buffers it binds.
    pub(crate) fn buffers(&self) -> usize {
        self.bound.iter().filter(|bound| !matches!(bound.place, Place::With(_))).count()
    }

    /// Where each operand is bound.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.bound.iter().map(|bound| bound.place).collect()
    }

    /// How the channels of a group follow from that of its first element.
    pub(crate) fn spread(&self) -> Spread {
        let Channels { count, inner } = self.operation.channels();
        let unit = self.span.access.elements().max(4);
        let aligned = self.phase().is_multiple_of(unit);
        match (u64::from(inner), u64::from(count)) {
            _ if !self.kernel.has_channels() => Spread::Same,
            (inner, _) if aligned && inner.is_multiple_of(unit) => Spread::Same,
            (_, 1) => Spread::Same,
            (1, count) if aligned && count.is_multiple_of(unit) && self.words_of_channels() => {
                Spread::Consecutive
            }
            _ => Spread::Any,
        }
    }

    /// Whether the numbers of the channels begin with a word of the access.
    fn words_of_channels(&self) -> bool {
        let mut of_channels = self.bound.iter().filter(|bound| bound.extent == Extent::Channels);
        of_channels.all(|bound| {
            let bytes = self.kernel.element(bound.operand).size() * self.span.access.elements();
            bound.first.is_multiple_of(bytes)
        })
    }

    /// The place of its first element in a row of channels.
    fn phase(&self) -> u64 {
        self.span.start % self.operation.channels().row()
    }

    pub(crate) fn uniform(&self, parameters: [u32; 4]) -> [u32; WORDS] {
        let Span { start, length, access } = self.span;
        // Offsets and lengths count groups of the access; `most_elements` and the binding limit keep
        // them within u32.
        let elements = access.elements();
        let word = |operand: Operand| {
            let bound = self.bound.iter().find(|bound| bound.operand == operand);
            let element = self.kernel.element(operand).size();
            bound.map_or(0, |bound| match bound.extent {
                Extent::Elements => (bound.first / (element * elements)) as u32,
                Extent::Channels if self.spread() == Spread::Consecutive => {
                    (bound.first / (element * elements)) as u32
                }
                Extent::Channels => (bound.first / element) as u32,
                Extent::Mask => (bound.first / 4) as u32,
            })
        };
        let output = self.kernel.written();
        let channels = self.operation.channels();
        let quad = start / 4;
        let mut uniform = [0; WORDS];
        uniform[..4].copy_from_slice(&parameters);
        uniform[4..8].copy_from_slice(&self.operation.draw.unwrap_or_default().words());
        uniform[8..10].copy_from_slice(&[quad as u32, (quad >> 32) as u32]);
        uniform[10..12].copy_from_slice(&divisor(channels.inner));
        uniform[12..14].copy_from_slice(&divisor(channels.count));
        uniform[14..STRIDES].copy_from_slice(&[
            channels.count,
            channels.inner,
            self.phase() as u32,
            (length / elements) as u32,
            word(output),
            word(Operand::X),
            word(Operand::Dy),
            word(Operand::Bias),
            word(Operand::Residual),
            word(Operand::Mask),
            word(Operand::Weight),
            word(Operand::Gate),
            word(Operand::Dgate),
            0,
        ]);
        if let Some(region) = &self.region {
            uniform[STRIDES..].copy_from_slice(&self.strides(region));
        }
        uniform
    }

    /// `Strides` of `operation.wgsl`.
    fn strides(&self, region: &Region) -> [u32; WORDS - STRIDES] {
        let unit = self.span.access.elements();
        let [blocks, planes, rows, row] = region.shape;
        let sizes = [blocks, planes, rows, row / unit].map(|size| size as u32);
        let mut words = [0; WORDS - STRIDES];
        for (at, size) in [(0, sizes[3]), (2, sizes[2]), (4, sizes[1])] {
            words[at..at + 2].copy_from_slice(&divisor(size));
        }
        words[6] = ((self.span.start - region.start) / unit) as u32;
        words[8..12].copy_from_slice(&sizes);
        let operands = [
            Operand::X,
            self.kernel.written(),
            Operand::Dy,
            Operand::Bias,
            Operand::Residual,
            Operand::Gate,
            Operand::Dgate,
        ];
        for (words, operand) in words[12..].chunks_exact_mut(4).zip(operands) {
            let Some(strided) = region.of(operand) else { continue };
            let [outer @ .., within] = strided.strides;
            // A row of wide words is one of consecutive elements.
            let within = if unit == 1 { within } else { 1 };
            for (word, stride) in words.iter_mut().zip(outer) {
                *word = (stride / unit) as u32;
            }
            words[3] = within as u32;
        }
        words
    }

    /// What is bound for the operands, by numbers from 1 on.
    pub(crate) fn resources<'b>(
        &'b self,
    ) -> impl Iterator<Item = (u32, wgpu::BindingResource<'b>)> {
        let own = |(_, bound): &(u32, &Bound<'_>)| !matches!(bound.place, Place::With(_));
        (1..).zip(&self.bound).filter(own).map(|(number, bound)| {
            let Binding { buffer, start, end } = bound.binding;
            let size = std::num::NonZero::new(end - start);
            let binding = wgpu::BufferBinding { buffer, offset: start, size };
            (number, wgpu::BindingResource::Buffer(binding))
        })
    }
}

/// What `divide.wgsl` divides by `d` with: for l = ⌈log₂ d⌉ the multiplier ⌊2³² (2ˡ − d) / d⌋ + 1, and l.
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
        for d in (1..=1025).chain([65_535, 65_536, 65_537, 1 << 30, (1 << 31) + 1, u32::MAX]) {
            let multiples = (0..200u64).map(|k| (k * 21_474_837 / u64::from(d)) * u64::from(d));
            for n in multiples.flat_map(|m| [m, m + 1, m + u64::from(d) - 1]) {
                let n = n.min(u32::MAX.into()) as u32;
                assert_eq!(divide(n, divisor(d)), n / d, "{n} / {d}");
            }
        }
    }
}
