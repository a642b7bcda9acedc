//! Cuts contiguous elements into spans, one per dispatch, within the device's limits.

use crate::shader::variant::{Variant, VectorWidth};

/// Contiguous elements of an operation that one dispatch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First element, counted from the start of the operands.
    pub(crate) start: u64,
    /// Number of elements. With vectors it is a multiple of the variant's granularity.
    pub(crate) length: u64,
    pub(crate) width: VectorWidth,
}

/// Up to this length, one dispatch of single elements is as fast as a dispatch of vectors and another dispatch for the
/// rest.
const SHORT: u64 = 1024;

/// Spans start at a multiple of this many elements from the first vector, so that all are equally aligned.
pub(crate) const SPAN_ALIGNMENT: u64 = 256;

/// The vectors that `variant` can take, the widest first. `wide` says whether loads of 64-bit words are faster.
pub(crate) fn widths(variant: Variant, wide: bool) -> &'static [VectorWidth] {
    match (variant.by_eight(), wide, variant.has_16_bit()) {
        (true, true, _) => &[VectorWidth::Eight64, VectorWidth::Four],
        // Eight 16-bit elements are a load of 16 bytes.
        (true, false, true) => &[VectorWidth::Eight, VectorWidth::Four],
        _ => &[VectorWidth::Four],
    }
}

/// Cuts `length` elements into spans of at most `max_len`.
///
/// All elements but the edges take one of `widths` (see [`fitting_width`]). `starts` has the first element of each
/// operand in its buffer, those read and those written.
pub(crate) fn spans(
    starts: [&[u64]; 2],
    length: u64,
    max_len: u64,
    variant: Variant,
    widths: &[VectorWidth],
) -> Vec<Span> {
    let max_len = (max_len / SPAN_ALIGNMENT * SPAN_ALIGNMENT).max(SPAN_ALIGNMENT);
    let mut spans = Vec::new();
    let mut cut = |from: u64, to: u64, width: VectorWidth| {
        let mut start = from;
        while start < to {
            let length = max_len.min(to - start);
            spans.push(Span { start, length, width });
            start += length;
        }
    };
    let [read, written] = starts;
    let fits = |width, all| {
        let read = if all { read } else { &[] };
        let head = head(width, &mut written.iter().chain(read).copied())?;
        (head == 0 || variant.position_independent()).then_some(head)
    };
    let widths = if length <= SHORT { &[] } else { widths };
    let Some((width, head)) = fitting_width(widths, &fits) else {
        cut(0, length, VectorWidth::One);
        return spans;
    };
    let elements = width.elements();
    let tail = (length - head) % elements.max(variant.granularity());
    cut(0, head, VectorWidth::One);
    cut(head, length - tail, width);
    cut(length - tail, length, VectorWidth::One);
    spans
}

/// The width that most elements take, and what `fits` gives for it: the first that fits all operands, or else the first
/// that fits the operands that are written. The others are then loaded element by element (`operand/unaligned.wgsl`).
/// `fits` takes a width, and whether it is for all operands.
pub(crate) fn fitting_width(
    widths: &[VectorWidth],
    fits: &dyn Fn(VectorWidth, bool) -> Option<u64>,
) -> Option<(VectorWidth, u64)> {
    [true, false].into_iter().find_map(|all| {
        let mut widths = widths.iter().filter(|width| all || **width != VectorWidth::Eight64);
        widths.find_map(|width| Some((*width, fits(*width, all)?)))
    })
}

/// The elements from each of `starts` to the next whole vector, if they are equally many.
pub(crate) fn head(width: VectorWidth, starts: &mut dyn Iterator<Item = u64>) -> Option<u64> {
    let elements = width.elements();
    let mut heads = starts.map(|start| start.wrapping_neg() % elements);
    let head = heads.next().unwrap_or(0);
    heads.all(|other| other == head).then_some(head)
}

/// The spans of a region of whole vectors: first the multiple of the variant's granularity, then the rest.
pub(crate) fn of_region(
    start: u64,
    length: u64,
    variant: Variant,
    width: VectorWidth,
) -> Vec<Span> {
    let multiple = if variant.position_independent() { 1 } else { variant.granularity() };
    let rest = if width == VectorWidth::One { 0 } else { length % multiple };
    let whole = Span { start, length: length - rest, width };
    let rest = Span { start: start + length - rest, length: rest, width: VectorWidth::One };
    [whole, rest].into_iter().filter(|span| span.length > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::ElementType;
    use crate::operand::Operand;

    /// The spans follow one another, cover everything once, and vectors are aligned and whole.
    fn check(starts: [&[u64]; 2], length: u64, max_len: u64) {
        let plain = Variant::forward();
        let (draws, mask) = (Variant { random_slopes: true, ..plain }, plain.with(Operand::Mask));
        for (variant, wide) in [(plain, false), (plain, true), (draws, true), (mask, true)] {
            let mut next = 0;
            for span in spans(starts, length, max_len, variant, widths(variant, wide)) {
                assert_eq!(span.start, next);
                assert!(span.length > 0 && span.length <= max_len.max(SPAN_ALIGNMENT));
                let elements = span.width.elements();
                assert!(starts[1].iter().all(|start| (start + span.start) % elements == 0));
                assert!(elements == 1 || span.length % elements.max(variant.granularity()) == 0);
                assert!(elements < 8 || (wide && !variant.random_slopes));
                assert!(variant.position_independent() || span.start % variant.granularity() == 0);
                next = span.start + span.length;
            }
            assert_eq!(next, length);
        }
    }

    /// Reliability 5.
    #[test]
    fn spans_cover_every_length_at_every_offset() {
        let lengths = (0..300).chain(1020..1040).chain([4093, 65_537]);
        let [every, each] = if cfg!(miri) { [150, 5] } else { [1, 1] };
        for length in lengths.step_by(every) {
            for x in (0..8).step_by(each) {
                for y in 0..5 {
                    for max_len in [64, 100, 256, 1 << 20] {
                        check([&[x], &[y]], length, max_len);
                        check([&[], &[x, y]], length, max_len);
                    }
                }
            }
        }
        check([&[3], &[3]], u64::from(u32::MAX) * 5 + 7, 1 << 29);
    }

    #[test]
    fn any_range_is_covered_once() {
        let input = bolero::produce::<([u8; 2], u16, u8)>();
        bolero::check!().with_generator(input).with_iterations(2000).for_each(
            |([x, y], length, most)| {
                let (x, y) = (u64::from(*x), u64::from(*y));
                check([&[x], &[y]], u64::from(*length), 64 + 32 * u64::from(*most));
            },
        );
    }

    #[test]
    fn vectors_are_as_wide_as_the_operands_are_aligned() {
        use VectorWidth::{Eight64, Four, One};
        for (x, y, wide, expected) in [
            (5, 1, false, vec![(3, One), (4092, Four), (1, One)]),
            (5, 1, true, vec![(3, One), (4092, Four), (1, One)]),
            (5, 13, true, vec![(3, One), (4088, Eight64), (5, One)]),
            // If no width fits all operands, only the outputs decide.
            (5, 16, true, vec![(4096, Four)]),
            (2, 3, false, vec![(1, One), (4092, Four), (3, One)]),
        ] {
            let widths = widths(Variant::forward(), wide);
            let spans = spans([&[x], &[y]], 4096, 1 << 20, Variant::forward(), widths);
            let widths: Vec<_> = spans.iter().map(|span| (span.length, span.width)).collect();
            assert_eq!(widths, expected);
        }
    }

    #[test]
    fn elements_of_16_bits_are_loaded_by_eight() {
        use VectorWidth::{Eight, Eight64, Four};
        let f32s = Variant::forward();
        let f16s = Variant { input: ElementType::F16, ..f32s };
        let drawn = Variant { random_slopes: true, ..f16s };
        for (variant, wide, expected) in [
            (f32s, true, [Eight64, Four].as_slice()),
            (f16s, true, &[Eight64, Four]),
            (f16s, false, &[Eight, Four]),
            (f32s, false, &[Four]),
            (drawn, true, &[Four]),
            (drawn, false, &[Four]),
        ] {
            assert_eq!(widths(variant, wide), expected, "{variant:?}");
        }
    }

    #[test]
    fn regions_are_whole_vectors_and_a_rest() {
        use VectorWidth::{Four, One};
        let plain = Variant::forward();
        let drawn = Variant { random_slopes: true, ..plain };
        let mask = plain.with(Operand::Mask);
        for (variant, width, length, expected) in [
            (plain, Four, 1003, vec![(20, 1003, Four)]),
            (drawn, Four, 1003, vec![(20, 1000, Four), (1020, 3, One)]),
            (drawn, Four, 1000, vec![(20, 1000, Four)]),
            (drawn, Four, 3, vec![(20, 3, One)]),
            (drawn, One, 1003, vec![(20, 1003, One)]),
            (mask, Four, 1003, vec![(20, 768, Four), (788, 235, One)]),
        ] {
            let spans = of_region(20, length, variant, width);
            let spans: Vec<_> = spans.iter().map(|s| (s.start, s.length, s.width)).collect();
            assert_eq!(spans, expected);
        }
    }
}
