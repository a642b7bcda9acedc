//! Reductions over channels: which passes they take, level by level.

use crate::args::channels::Channels;
use crate::args::range::{BufferId, BufferRange};
use crate::error::Result;
use crate::plan::ranges::Ranges;

/// The most items that one sum adds up.
const ITEMS_PER_SUM: u64 = 64;

/// One dispatch: each of `segments` segments of `length` elements gives `sums` sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReducePass {
    pub(crate) segments: u64,
    pub(crate) length: u64,
    pub(crate) sums: u64,
    /// The first element of its input, and of its output.
    pub(crate) input_start: u64,
    pub(crate) output_start: u64,
}

impl ReducePass {
    pub(crate) fn inputs(&self) -> u64 {
        self.segments * self.length
    }
    pub(crate) fn outputs(&self) -> u64 {
        self.segments * self.sums
    }
}

/// All passes, in levels that build on each other. Each level but the last writes into a scratch buffer.
pub(crate) struct Reduction {
    pub(crate) levels: Vec<Vec<ReducePass>>,
    /// Bytes of each scratch buffer. A level must not write what it reads, so two alternate.
    pub(crate) scratch: Vec<u64>,
}

impl Reduction {
    /// Plans the passes for `length` elements, at least a row. `bytes` is the size of an element or of a sum, whichever is larger, and
    /// `sum` that of a sum.
    pub(crate) fn new(
        ranges: Ranges,
        channels: Channels,
        length: u64,
        bytes: u64,
        sum: u64,
    ) -> Result<Self> {
        let max_len = ranges.max_len() / bytes;
        let row = channels.row();
        // A pass makes one row of two, so a binding holds two, or the only one.
        let least = if length > row { 2 * row } else { row };
        if least > max_len {
            return Err(ranges.too_small(bytes * least + ranges.limit - ranges.max_len()));
        }
        Ok(Reduction::of_levels(levels(channels, length, max_len), sum))
    }

    /// `sum` is the size of a sum in bytes.
    pub(crate) fn of_levels(levels: Vec<Vec<ReducePass>>, sum: u64) -> Self {
        let outputs = |level: &Vec<ReducePass>| level.iter().map(ReducePass::outputs).sum::<u64>();
        let inner = levels.split_last().map_or(&[][..], |(_, inner)| inner);
        let of_turn = |turn| inner.iter().skip(turn).step_by(2).map(outputs).max();
        let scratch = [0, 1].into_iter().filter_map(of_turn).map(|most| sum * most).collect();
        Reduction { levels, scratch }
    }

    /// The range that a level writes: a scratch buffer, or the result.
    pub(crate) fn output(&self, level: usize, result: BufferRange) -> BufferRange {
        match self.scratch.get(level % 2) {
            Some(&size) if level + 1 < self.levels.len() => scratch(level as u32 % 2, size),
            _ => result,
        }
    }
}

/// All bytes of a scratch buffer.
pub(crate) fn scratch(index: u32, size: u64) -> BufferRange {
    BufferRange { buffer: BufferId::Scratch(index), ..BufferRange::whole(0, size) }
}

/// The levels for `length` elements, at least a row. One binding holds `max_len` elements: two rows, if there are more
/// than one. Each pass reads contiguous memory, because wide strides are slow: long channels are summed within
/// themselves first, then rows are added to rows nearby, and the rest of the channels is summed last.
fn levels(channels: Channels, length: u64, max_len: u64) -> Vec<Vec<ReducePass>> {
    let count = u64::from(channels.count);
    let mut inner = u64::from(channels.inner);
    let mut rows = length / channels.row();
    let mut levels = Vec::new();
    while rows > 1 && inner >= 2 * ITEMS_PER_SUM {
        levels.push(within(rows * count, inner, max_len));
        inner = shorter(inner);
    }
    while rows > 1 {
        let row = count * inner;
        // Enough columns to read together.
        let sums = row * COLUMNS.div_ceil(row);
        let span = max_len / (ITEMS_PER_SUM * sums) * (ITEMS_PER_SUM * sums);
        let span = if span > 0 { span } else { max_len / row * row };
        let (mut passes, mut input_start, mut output_start) = (Vec::new(), 0, 0);
        while input_start < rows * row {
            let left = span.min(rows * row - input_start);
            let segments = left / (ITEMS_PER_SUM * sums);
            let pass = if segments > 0 {
                ReducePass {
                    segments,
                    length: ITEMS_PER_SUM * sums,
                    sums,
                    input_start,
                    output_start,
                }
            } else {
                let sums = left.div_ceil(ITEMS_PER_SUM).next_multiple_of(row);
                ReducePass { segments: 1, length: left, sums, input_start, output_start }
            };
            input_start += pass.inputs();
            output_start += pass.outputs();
            passes.push(pass);
        }
        levels.push(passes);
        rows = output_start / row;
    }
    while inner > 1 || levels.is_empty() {
        levels.push(within(count, inner, max_len));
        inner = shorter(inner);
    }
    levels
}

/// The least number of contiguous elements to read: 128 bytes, which a SIMD group of a CPU loads at once, and which are
/// a cache line of many GPUs. More would only widen the strides from one row to the next.
const COLUMNS: u64 = 32;

/// The number of sums that one level leaves of a channel: a multiple of four if possible.
fn shorter(inner: u64) -> u64 {
    match inner.div_ceil(ITEMS_PER_SUM) {
        1 => 1,
        sums => sums.next_multiple_of(4).min(inner),
    }
}

/// The sums within each of `segments` channels of `inner` elements.
fn within(segments: u64, inner: u64, max_len: u64) -> Vec<ReducePass> {
    let sums = shorter(inner);
    let most = (max_len / inner).max(1);
    let starts = (0..segments).step_by(most as usize);
    let pass = |start: u64| ReducePass {
        segments: most.min(segments - start),
        length: inner,
        sums,
        input_start: start * inner,
        output_start: start * sums,
    };
    starts.map(pass).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the levels on the host.
    fn sum(channels: Channels, x: &[f64], max_len: u64) -> Vec<f64> {
        let mut input = x.to_vec();
        for level in levels(channels, x.len() as u64, max_len) {
            let mut output = Vec::new();
            for pass in level {
                assert!(pass.inputs() <= max_len.max(channels.row()));
                assert!(pass.length.div_ceil(pass.sums) <= ITEMS_PER_SUM);
                assert_eq!(pass.output_start as usize, output.len());
                for index in 0..pass.outputs() {
                    let first = pass.input_start + index / pass.sums * pass.length;
                    let within = (index % pass.sums..pass.length).step_by(pass.sums as usize);
                    output.push(within.map(|i| input[(first + i) as usize]).sum());
                }
            }
            input = output;
        }
        input
    }

    #[test]
    fn every_element_is_added_once_to_its_channel() {
        for (rows, count, inner) in [
            (1, 3, 2),
            (1, 1, 1),
            (1, 7, 1),
            (9, 1, 1),
            (200, 3, 5),
            (2, 2, 5000),
            (70_000, 1, 1),
            (300, 2, 200),
        ] {
            let channels = Channels { count, inner };
            let length = rows * channels.row();
            let x: Vec<f64> = (0..length).map(|i| (i % 1013) as f64).collect();
            for max_len in [2 * channels.row(), 5 * channels.row() + 1, 1 << 20] {
                let mut expected = vec![0.0; count as usize];
                for (i, x) in x.iter().enumerate() {
                    expected[i / inner as usize % count as usize] += x;
                }
                let found = sum(channels, &x, max_len);
                assert_eq!(found, expected, "{rows} x {count} x {inner}, {max_len} at once");
            }
        }
    }
}
