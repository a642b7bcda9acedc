//! Cuts operands in rows or strides into regions, one per dispatch.

use crate::args::range::DIMENSIONS;
use crate::operand::Operand;
use crate::plan::spans;
use crate::shader::variant::{Addressing, Variant, VectorWidth};

/// A box of elements of an operation, with the strides of each operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// Its first element, counted from the start of the operation.
    pub(crate) start: u64,
    /// The number of elements in each dimension. The last is the fastest.
    pub(crate) shape: [u64; DIMENSIONS],
    pub(crate) operands: Vec<Strided>,
}

/// An operand in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strided {
    pub(crate) operand: Operand,
    /// Its first element, counted from the start of its view.
    pub(crate) first: u64,
    /// Elements of the view from one element to the next, in each dimension.
    pub(crate) strides: [u64; DIMENSIONS],
}

/// The strides of contiguous elements.
pub(crate) fn contiguous(shape: [u64; DIMENSIONS]) -> [u64; DIMENSIONS] {
    let mut strides = [1u64; DIMENSIONS];
    for d in (1..DIMENSIONS).rev() {
        strides[d - 1] = strides[d].saturating_mul(shape[d]);
    }
    strides
}

impl Region {
    /// The number of elements.
    pub(crate) fn length(&self) -> u64 {
        self.shape.iter().product()
    }

    /// An operand in the region, if it has one number per element.
    pub(crate) fn of(&self, operand: Operand) -> Option<&Strided> {
        self.operands.iter().find(|strided| strided.operand == operand)
    }

    /// The elements of an operand's view from the region's first to its last, both included.
    pub(crate) fn extent(&self, strided: &Strided) -> u64 {
        1 + self.shape.iter().zip(strided.strides).map(|(n, stride)| (n - 1) * stride).sum::<u64>()
    }

    /// Joins dimensions that follow each other in all operands.
    pub(crate) fn merged(mut self) -> Self {
        let mut kept = DIMENSIONS - 1;
        for d in (0..DIMENSIONS - 1).rev() {
            if self.shape[d] == 1 {
                continue;
            }
            let follows =
                |strided: &Strided| strided.strides[d] == strided.strides[kept] * self.shape[kept];
            if self.shape[kept] == 1 {
                self.shape[kept] = self.shape[d];
                self.operands.iter_mut().for_each(|s| s.strides[kept] = s.strides[d]);
            } else if self.operands.iter().all(follows) {
                self.shape[kept] *= self.shape[d];
            } else {
                kept -= 1;
                self.shape[kept] = self.shape[d];
                self.operands.iter_mut().for_each(|s| s.strides[kept] = s.strides[d]);
            }
        }
        if self.shape[DIMENSIONS - 1] == 1 {
            self.operands.iter_mut().for_each(|s| s.strides[DIMENSIONS - 1] = 1);
        }
        for d in 0..kept {
            self.shape[d] = 1;
            self.operands.iter_mut().for_each(|s| s.strides[d] = 0);
        }
        self
    }

    /// Whether all elements of all operands are contiguous.
    pub(crate) fn is_contiguous(&self) -> bool {
        self.shape[..DIMENSIONS - 1] == [1; DIMENSIONS - 1]
            && self.operands.iter().all(|s| s.strides[DIMENSIONS - 1] == 1)
    }

    /// How a shader addresses its elements.
    pub(crate) fn addressing(&self) -> Addressing {
        match self.shape {
            [1, 1, ..] => Addressing::Rows,
            _ => Addressing::Strided,
        }
    }

    /// Whether two operands that start at these elements of one buffer share no element. Their ranges may be interleaved,
    /// as the columns of a matrix are.
    pub(crate) fn disjoint(&self, [a, b]: [(&Strided, u64); 2]) -> bool {
        let range = |(strided, start): (&Strided, u64)| start..start + self.extent(strided);
        let meet =
            |a: &std::ops::Range<u64>, b: &std::ops::Range<u64>| a.start < b.end && b.start < a.end;
        if !meet(&range(a), &range(b)) {
            return true;
        }
        // The dimensions up to `outer` repeat the others at multiples of a period.
        (1..=DIMENSIONS).any(|outer| {
            let steps = [a.0, b.0].map(|s| {
                let steps = self.shape[..outer].iter().zip(s.strides).filter(|(n, _)| **n > 1);
                steps.map(|(_, stride)| stride).fold(0, greatest_divisor)
            });
            let period = greatest_divisor(steps[0], steps[1]);
            let extent = |strided: &Strided| {
                let rest = self.shape.iter().zip(strided.strides).skip(outer);
                1 + rest.map(|(n, stride)| (n - 1) * stride).sum::<u64>()
            };
            // The start of b in a period that begins with a.
            let gap = match period {
                0 => return false,
                _ => (b.1 % period + period - a.1 % period) % period,
            };
            extent(a.0) <= gap && gap + extent(b.0) <= period
        })
    }

    /// The elements from `from` to `to` of a dimension.
    fn cut(&self, dimension: usize, from: u64, to: u64) -> Self {
        let mut part = self.clone();
        part.shape[dimension] = to - from;
        part.start += from * self.shape[dimension + 1..].iter().product::<u64>();
        for strided in &mut part.operands {
            strided.first += from * strided.strides[dimension];
        }
        part
    }

    /// Cuts the region into regions that fit. If the variant depends on positions, it cuts along the slowest dimension
    /// only; for masks and random slopes, it cuts at multiples of the variant's granularity. None if no such cut makes
    /// the regions fit.
    pub(crate) fn fitting(
        self,
        variant: Variant,
        fits: &impl Fn(&Region) -> bool,
    ) -> Option<Vec<Region>> {
        if fits(&self) {
            return Some(vec![self]);
        }
        let (dependent, independent) =
            (variant.position_dependent(), variant.position_independent());
        let mut candidates = (0..DIMENSIONS).filter(|&d| self.shape[d] > 1);
        let dimension = if dependent {
            candidates.next()?
        } else {
            let reach = |d: usize| {
                let most = self.operands.iter().map(|s| s.strides[d]).max();
                (self.shape[d] - 1) * most.unwrap_or(1).max(1)
            };
            candidates.max_by_key(|&d| reach(d))?
        };
        let within: u64 = self.shape[dimension + 1..].iter().product();
        let granularity = variant.granularity();
        let step =
            if independent { 1 } else { granularity / greatest_divisor(granularity, within) };
        let size = self.shape[dimension];
        let middle = (size / 2).next_multiple_of(step);
        if middle == 0 || middle >= size {
            return None;
        }
        let mut regions = self.cut(dimension, 0, middle).fitting(variant, fits)?;
        regions.extend(self.cut(dimension, middle, size).fitting(variant, fits)?);
        Some(regions)
    }

    /// Cuts the region into regions with the widest vectors that each can have. If the variant allows it, the edges of the
    /// rows become regions of single elements. `starts` has the first element of each operand's view in its buffer, those
    /// read and those written, in the order of the region.
    pub(crate) fn by_width(
        self,
        variant: Variant,
        widths: &[VectorWidth],
        starts: [&[u64]; 2],
    ) -> Vec<(Region, VectorWidth)> {
        const ROW: usize = DIMENSIONS - 1;
        let row = self.shape[ROW];
        let [read, written] = starts;
        let fits = |width: VectorWidth, all: bool| {
            let elements = width.elements();
            // The operands that are read come first.
            let left_out = if all { 0 } else { read.len() };
            let each = || self.operands.iter().zip(read.iter().chain(written)).skip(left_out);
            let mut steps = each().map(|(s, _)| {
                let outer = self.shape[..ROW].iter().zip(s.strides);
                s.strides[ROW] == 1
                    && outer.into_iter().all(|(n, step)| *n == 1 || step % elements == 0)
            });
            let head = spans::head(width, &mut each().map(|(s, start)| s.first + start))?;
            let even = head == 0 && row.is_multiple_of(elements);
            // Short rows are mostly edges.
            let long = !variant.position_dependent() && row >= 4 * elements + head;
            (steps.all(|fits| fits) && (even || long)).then_some(head)
        };
        let Some((width, head)) = spans::fitting_width(widths, &fits) else {
            return vec![(self, VectorWidth::One)];
        };
        let tail = (row - head) % width.elements();
        let parts = [
            (0, head, VectorWidth::One),
            (head, row - tail, width),
            (row - tail, row, VectorWidth::One),
        ];
        let parts = parts.into_iter().filter(|(from, to, _)| from < to);
        parts.map(|(from, to, width)| (self.cut(ROW, from, to), width)).collect()
    }
}

fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(shape: [u64; DIMENSIONS], strides: &[[u64; DIMENSIONS]]) -> Region {
        let operands = [Operand::X, Operand::Y].into_iter().zip(strides);
        let operands =
            operands.map(|(operand, &strides)| Strided { operand, first: 0, strides }).collect();
        Region { start: 0, shape, operands }
    }

    /// Where an operand's elements lie, in order.
    fn places(region: &Region, operand: usize) -> Vec<u64> {
        let Strided { first, strides, .. } = region.operands[operand];
        let mut places = Vec::new();
        let [n0, n1, n2, n3] = region.shape;
        for a in 0..n0 {
            for b in 0..n1 {
                for c in 0..n2 {
                    for d in 0..n3 {
                        let steps = [a, b, c, d].into_iter().zip(strides);
                        places.push(first + steps.map(|(i, stride)| i * stride).sum::<u64>());
                    }
                }
            }
        }
        places
    }

    fn samples() -> Vec<Region> {
        let mut regions = Vec::new();
        let shapes =
            [[1, 1, 1, 7], [2, 1, 1, 8], [4, 1, 3, 1], [1, 1, 5, 16], [1, 3, 4, 9], [2, 3, 4, 32]];
        for shape in shapes.into_iter().take(if cfg!(miri) { 3 } else { shapes.len() }) {
            let packed = contiguous(shape);
            let rows = [3000, 700, 40, 1];
            let transposed = [1, 2, 6, 24].map(|stride| stride * 2);
            for strides in [[packed, packed], [rows, packed], [rows, rows], [packed, transposed]] {
                regions.push(region(shape, &strides));
            }
        }
        regions
    }

    #[test]
    fn merging_keeps_every_element_in_order() {
        for sample in samples() {
            let merged = sample.clone().merged();
            for operand in 0..2 {
                assert_eq!(places(&merged, operand), places(&sample, operand), "{sample:?}");
            }
        }
        let packed = region([2, 3, 4, 5], &[contiguous([2, 3, 4, 5])]);
        assert!(packed.clone().merged().is_contiguous());
        assert_eq!(packed.merged().shape, [1, 1, 1, 120]);
    }

    #[test]
    fn cutting_keeps_every_element() {
        let (plain, mask) = (Variant::forward(), Variant::forward().with(Operand::Mask));
        let draws = Variant { random_slopes: true, ..plain };
        for sample in samples() {
            for (variant, limit) in [(plain, 1), (plain, 50), (draws, 40), (mask, 300)] {
                let fits =
                    |region: &Region| region.operands.iter().all(|s| region.extent(s) <= limit);
                let Some(regions) = sample.clone().fitting(variant, &fits) else {
                    assert!(variant.position_dependent(), "{sample:?} {limit}");
                    continue;
                };
                for operand in 0..2 {
                    let mut found: Vec<_> =
                        regions.iter().flat_map(|region| places(region, operand)).collect();
                    let mut expected = places(&sample, operand);
                    if !variant.position_dependent() {
                        found.sort_unstable();
                        expected.sort_unstable();
                    }
                    assert_eq!(found, expected, "{sample:?} {limit}");
                }
                for region in regions.iter().filter(|_| !variant.position_independent()) {
                    assert_eq!(region.start % variant.granularity(), 0);
                }
            }
        }
    }

    #[test]
    fn any_region_is_cut_without_loss() {
        let input = bolero::produce::<([u8; 4], [[u8; 4]; 2], u8)>();
        let most = if cfg!(miri) { 3 } else { 7 };
        bolero::check!().with_generator(input).with_iterations(2000).for_each(
            |(shape, strides, limit)| {
                let shape = shape.map(|size| 1 + u64::from(size % most));
                let sample = region(shape, &strides.map(|strides| strides.map(u64::from)));
                let merged = sample.clone().merged();
                let limit = 1 + u64::from(*limit);
                let fits =
                    |region: &Region| region.operands.iter().all(|s| region.extent(s) <= limit);
                let cut = sample.clone().fitting(Variant::forward(), &fits).unwrap();
                assert!(cut.iter().all(fits));
                for operand in 0..2 {
                    let mut expected = places(&sample, operand);
                    assert_eq!(places(&merged, operand), expected);
                    let mut found: Vec<_> =
                        cut.iter().flat_map(|region| places(region, operand)).collect();
                    found.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(found, expected);
                }
            },
        );
    }

    #[test]
    fn wide_words_are_whole_and_edges_are_not_lost() {
        let widths = [VectorWidth::Eight, VectorWidth::Four];
        for sample in samples() {
            for starts in [[0, 0], [3, 3], [3, 7], [1, 0]] {
                let [x, y] = starts;
                let parts = sample.clone().by_width(Variant::forward(), &widths, [&[x], &[y]]);
                for (operand, start) in starts.into_iter().enumerate() {
                    let mut found: Vec<_> =
                        parts.iter().flat_map(|(part, _)| places(part, operand)).collect();
                    let mut expected = places(&sample, operand);
                    found.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(found, expected);
                    // x may be anywhere.
                    for (part, width) in parts.iter().filter(|_| operand == 1) {
                        let elements = width.elements();
                        for vector in places(part, operand).chunks(elements as usize) {
                            assert_eq!((vector[0] + start) % elements, 0);
                            assert!(
                                vector.iter().zip(vector[0]..).all(|(&at, wanted)| at == wanted)
                            );
                        }
                    }
                }
            }
        }
    }

    /// Reliability 10.
    #[test]
    fn disjoint_ranges_are_found_by_looking_at_every_element() {
        let rows = |n: u64, row: u64, pitch: u64| region([1, 1, n, row], &[[0, 0, pitch, 1]]);
        for (sample, other) in [
            (rows(4, 3, 10), 3),
            (rows(4, 3, 10), 2),
            (rows(4, 3, 10), 7),
            (rows(4, 3, 10), 8),
            (rows(4, 3, 10), 13),
            (rows(4, 3, 10), 40),
            (region([1, 1, 1, 9], &[[0, 0, 0, 4]]), 1),
            (region([1, 1, 1, 9], &[[0, 0, 0, 4]]), 8),
            (rows(1, 5, 0), 5),
            (rows(1, 5, 0), 4),
        ] {
            let a = &sample.operands[0];
            let meets = places(&sample, 0)
                .iter()
                .any(|&at| places(&sample, 0).iter().any(|&b| b + other == at));
            for start in 0..9 {
                let found = sample.disjoint([(a, start), (a, start + other)]);
                assert_eq!(found, !meets, "{sample:?} from {start} and {other} on");
            }
        }
    }
}
