//! Integer arithmetic: elements into spans, within the device's limits.

use crate::shader::variant::{Access, Kernel};

/// A part of an operation: one dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First element, counted from the start of the operands.
    pub(crate) start: u64,
    /// Number of elements; for [`Access::Quads`] a multiple of the block.
    pub(crate) length: u64,
    pub(crate) access: Access,
}

/// Up to here one dispatch of single elements is as fast as quads plus a dispatch for the rest.
const SHORT: u64 = 1024;

/// Spans start at a multiple of this many elements from the first, so that each is aligned alike.
pub(crate) const ALIGNMENT: u64 = 256;

/// How `kernel` can take several elements at once, the widest first; `wide`: words of 64 bits pay.
pub(crate) fn accesses(kernel: Kernel, wide: bool) -> &'static [Access] {
    match (kernel.by_octets(), wide, kernel.has_halves()) {
        (true, true, _) => &[Access::WideOctets, Access::Quads],
        // Eight halves are a load of 16 bytes.
        (true, false, true) => &[Access::Octets, Access::Quads],
        _ => &[Access::Quads],
    }
}

/// Cuts `length` elements into spans of at most `longest`.
///
/// `offsets` are where the operands start in their buffers, in elements. Where they agree modulo the
/// widest of `accesses`, everything but the edges goes by that; else by the next,
/// and by elements if nothing else is left. Where groups are tied to the operation's first element, it
/// must be the first of a group.
pub(crate) fn spans(
    offsets: &[u64],
    length: u64,
    longest: u64,
    kernel: Kernel,
    accesses: &[Access],
) -> Vec<Span> {
    let longest = (longest / ALIGNMENT * ALIGNMENT).max(ALIGNMENT);
    let mut spans = Vec::new();
    let mut cut = |from: u64, to: u64, access: Access| {
        let mut start = from;
        while start < to {
            let length = longest.min(to - start);
            spans.push(Span { start, length, access });
            start += length;
        }
    };
    let phase = |unit: u64| offsets.first().map_or(0, |offset| offset % unit);
    let fits = |access: &Access| {
        let (unit, phase) = (access.elements(), phase(access.elements()));
        let in_step = offsets.iter().all(|offset| offset % unit == phase);
        in_step && (phase == 0 || kernel.free_of_place())
    };
    let accesses = if length <= SHORT { &[] } else { accesses };
    let Some(&access) = accesses.iter().find(|access| fits(access)) else {
        cut(0, length, Access::Elements);
        return spans;
    };
    let unit = access.elements();
    let head = (unit - phase(unit)) % unit;
    let tail = (length - head) % unit.max(kernel.block());
    cut(0, head, Access::Elements);
    cut(head, length - tail, access);
    cut(length - tail, length, Access::Elements);
    spans
}

/// The spans of a region of whole groups: those that fill the kernel's blocks, and the rest.
pub(crate) fn blocks(start: u64, length: u64, kernel: Kernel, access: Access) -> Vec<Span> {
    let block = if kernel.free_of_place() { 1 } else { kernel.block() };
    let rest = if access == Access::Elements { 0 } else { length % block };
    let whole = Span { start, length: length - rest, access };
    let rest = Span { start: start + length - rest, length: rest, access: Access::Elements };
    [whole, rest].into_iter().filter(|span| span.length > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spans follow one another, cover everything once, and quads are aligned and whole.
    fn check(offsets: &[u64], length: u64, longest: u64) {
        let plain = Kernel::FORWARD;
        let (draws, mask) = (Kernel { draws: true, ..plain }, Kernel { mask: true, ..plain });
        for (kernel, wide) in [(plain, false), (plain, true), (draws, true), (mask, true)] {
            let mut next = 0;
            for span in spans(offsets, length, longest, kernel, accesses(kernel, wide)) {
                assert_eq!(span.start, next);
                assert!(span.length > 0 && span.length <= longest.max(ALIGNMENT));
                let unit = span.access.elements();
                assert!(offsets.iter().all(|offset| (offset + span.start) % unit == 0));
                assert!(unit == 1 || span.length % unit.max(kernel.block()) == 0);
                assert!(unit < 8 || (wide && !kernel.draws));
                assert!(kernel.free_of_place() || span.start % kernel.block() == 0);
                next = span.start + span.length;
            }
            assert_eq!(next, length);
        }
    }

    #[test]
    fn spans_cover_every_length_at_every_offset() {
        for length in (0..300).chain(1020..1040).chain([4093, 65_537]) {
            for x in 0..8 {
                for y in 0..5 {
                    for longest in [64, 100, 256, 1 << 20] {
                        check(&[x, y], length, longest);
                    }
                }
            }
        }
        check(&[3, 3], u64::from(u32::MAX) * 5 + 7, 1 << 29);
    }

    #[test]
    fn aligned_operands_go_by_the_widest_words() {
        use Access::{Elements, Quads, WideOctets};
        for (offsets, wide, expected) in [
            ([5, 1], false, [(3, Elements), (4092, Quads), (1, Elements)]),
            ([5, 1], true, [(3, Elements), (4092, Quads), (1, Elements)]),
            ([5, 13], true, [(3, Elements), (4088, WideOctets), (5, Elements)]),
        ] {
            let accesses = accesses(Kernel::FORWARD, wide);
            let spans = spans(&offsets, 4096, 1 << 20, Kernel::FORWARD, accesses);
            let accesses: Vec<_> = spans.iter().map(|span| (span.length, span.access)).collect();
            assert_eq!(accesses, expected);
        }
    }
}
