//! Which bytes of which buffers a dispatch binds, and what it is told of them.

use crate::dispatch::{ALIGNMENT, Span};
use crate::error::{Error, Operand, Result};
use crate::kernel::{Extent, Kernel};
use crate::operation::Operation;
use crate::shader::Place;
use crate::view::View;

/// Words of a dispatch's uniform, in the order of `Operation` in `operation.wgsl`.
pub(crate) const WORDS: usize = 24;

/// What all dispatches of an operation share.
pub(crate) struct Bindings<'o, 'a> {
    operation: &'o Operation<'a>,
    kernel: Kernel,
    /// Bytes that a binding's offset is a multiple of.
    alignment: u64,
    /// Bytes a binding has at most.
    limit: u64,
}

impl<'o, 'a> Bindings<'o, 'a> {
    pub(crate) fn new(limits: &wgpu::Limits, operation: &'o Operation<'a>) -> Result<Self> {
        let bindings = Bindings {
            operation,
            kernel: operation.kernel(),
            alignment: u64::from(limits.min_storage_buffer_offset_alignment),
            // Shaders index with 32 bits.
            limit: limits.max_storage_buffer_binding_size.min(1 << 31),
        };
        let (alignment, parts) = (bindings.alignment, bindings.parts());
        let whole = u64::from(operation.channels().count);
        let needed = ((alignment + 4 * ALIGNMENT) * parts).max(alignment + 4 * whole);
        if bindings.limit < needed {
            let limit = "max_storage_buffer_binding_size";
            return Err(Error::Limit { limit, found: bindings.limit, needed });
        }
        Ok(bindings)
    }

    /// Spans of ranges in one buffer are shorter: either they fit into one binding together, or are too
    /// far apart for their bindings to meet.
    fn parts(&self) -> u64 {
        let reads = self.kernel.reads();
        let shares =
            |&(operand, _): &_| self.operation.view(operand).same_buffer(&self.operation.output);
        if reads.iter().any(shares) { 2 + reads.len() as u64 } else { 1 }
    }

    /// Elements of the longest span that fits into bindings, which start at an aligned offset before
    /// their first element.
    pub(crate) fn longest(&self) -> u64 {
        (self.limit / self.parts()).saturating_sub(self.alignment) / 4
    }

    /// Where the operands start in their buffers, in elements.
    pub(crate) fn offsets(&self) -> Vec<u64> {
        let operands = self.kernel.reads().into_iter().chain(self.kernel.writes());
        operands
            .filter(|(_, extent)| *extent == Extent::Elements)
            .map(|(operand, _)| self.operation.view(operand).offset / 4)
            .collect()
    }

    /// Binds one span.
    pub(crate) fn plan(&self, span: Span) -> Plan<'o, 'a> {
        let output = self.operation.output;
        let mut shared = self.align(self.range(output, Extent::Elements, span));
        let mut reads = Vec::new();
        for (operand, extent) in self.kernel.reads() {
            let view = self.operation.view(operand);
            let own = self.align(self.range(view, extent, span));
            let place = if !view.same_buffer(&output) {
                Place::Own
            } else {
                let (start, end) = (shared.start.min(own.start), shared.end.max(own.end));
                if end - start <= self.limit {
                    shared = Binding { start, end, ..shared };
                    Place::Output
                } else {
                    Place::OwnWritable
                }
            };
            reads.push(Bound { operand, extent, place, binding: own, first: 0 });
        }
        for bound in &mut reads {
            if bound.place == Place::Output {
                bound.binding = shared;
            }
        }
        let writes = self.kernel.writes().into_iter().map(|(operand, extent)| Bound {
            operand,
            extent,
            place: Place::Own,
            binding: match extent {
                Extent::Elements => shared,
                _ => self.align(self.range(self.operation.view(operand), extent, span)),
            },
            first: 0,
        });
        let mut bound: Vec<_> = writes.chain(reads).collect();
        for one in &mut bound {
            let range = self.range(self.operation.view(one.operand), one.extent, span);
            one.first = range.start - one.binding.start;
        }
        Plan { operation: self.operation, span, bound }
    }

    fn align(&self, binding: Binding<'a>) -> Binding<'a> {
        Binding { start: binding.start - binding.start % self.alignment, ..binding }
    }

    /// The bytes of an operand that a span touches.
    fn range(&self, view: View<'a>, extent: Extent, span: Span) -> Binding<'a> {
        let (start, size) = match extent {
            Extent::Elements => (4 * span.start, 4 * span.length),
            Extent::Channels => (0, view.size),
            Extent::Mask => {
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
    pub(crate) span: Span,
    bound: Vec<Bound<'a>>,
}

impl Plan<'_, '_> {
    fn reads(&self) -> &[Bound<'_>] {
        &self.bound[self.operation.kernel().writes().len()..]
    }

    /// Where each operand that is read is bound.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.reads().iter().map(|bound| bound.place).collect()
    }

    pub(crate) fn uniform(&self, parameters: [u32; 4]) -> [u32; WORDS] {
        let Span { start, length, access } = self.span;
        // Offsets and lengths count words of the access; `most_elements` and the binding limit keep
        // them within u32.
        let elements = access.elements();
        let word = |operand: Operand| {
            let bound = self.bound.iter().find(|bound| bound.operand == operand);
            bound.map_or(0, |bound| match bound.extent {
                Extent::Elements => (bound.first / (4 * elements)) as u32,
                Extent::Channels | Extent::Mask => (bound.first / 4) as u32,
            })
        };
        let output = self.bound.first().map_or(Operand::Y, |bound| bound.operand);
        let channels = self.operation.channels();
        let quad = start / 4;
        let mut uniform = [0; WORDS];
        uniform[..4].copy_from_slice(&parameters);
        uniform[4..8].copy_from_slice(&self.operation.draw.unwrap_or_default().words());
        uniform[8..10].copy_from_slice(&[quad as u32, (quad >> 32) as u32]);
        uniform[10..12].copy_from_slice(&divisor(channels.inner));
        uniform[12..14].copy_from_slice(&divisor(channels.count));
        uniform[14..].copy_from_slice(&[
            channels.count,
            channels.inner,
            (start % channels.row()) as u32,
            (length / elements) as u32,
            word(output),
            word(Operand::X),
            word(Operand::Dy),
            word(Operand::Bias),
            word(Operand::Residual),
            word(Operand::Mask),
        ]);
        uniform
    }

    /// The bind group's entries: the uniform, the output, what is read, a mask that is written.
    pub(crate) fn entries<'b>(
        &'b self,
        uniform: &'b wgpu::Buffer,
        offset: u64,
    ) -> Vec<wgpu::BindGroupEntry<'b>> {
        let entry = |binding: usize, buffer, offset, size| {
            let size = std::num::NonZero::new(size);
            wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset,
                    size,
                }),
            }
        };
        let bind = |number: usize, Binding { buffer, start, end }: Binding<'b>| {
            entry(number, buffer, start, end - start)
        };
        let reads = self.reads();
        let mut entries = vec![
            entry(0, uniform, offset, size_of::<[u32; WORDS]>() as u64),
            bind(1, self.bound[0].binding),
        ];
        for (number, bound) in (2..).zip(reads) {
            if bound.place != Place::Output {
                entries.push(bind(number, bound.binding));
            }
        }
        if self.bound.len() > 1 + reads.len() {
            entries.push(bind(2 + reads.len(), self.bound[1].binding));
        }
        entries
    }
}

/// What `channels.wgsl` divides by `d` with: for l = ⌈log₂ d⌉ the multiplier ⌊2³² (2ˡ − d) / d⌋ + 1, and l.
fn divisor(d: u32) -> [u32; 2] {
    let d = u64::from(d.max(1));
    let l = d.next_power_of_two().trailing_zeros();
    [((((1u64 << l) - d) << 32) / d + 1) as u32, l]
}

#[cfg(test)]
mod tests {
    use super::divisor;

    /// `divide` of channels.wgsl.
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
