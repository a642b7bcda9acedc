//! Reductions over channels: which passes they take, level by level.

use crate::args::channels::Channels;
use crate::args::range::{BufferId, BufferRange};
use crate::error::Result;
use crate::plan::planner::Planner;

/// The most items that one sum adds up.
const ITEMS_PER_SUM: u64 = 64;

/// The least number of elements that a binding must hold.
const LEAST: u64 = ITEMS_PER_SUM;

/// One dispatch: each of `segments` segments of `length` elements gives `sums` sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReducePass {
    pub(crate) segments: u64,
    pub(crate) length: u64,
    pub(crate) sums: u64,
    /// The first element of its input, and of its output.
    pub(crate) input_start: u64,
    pub(crate) output_start: u64,
    /// Whether the sums are added to those that an earlier pass of the level wrote there.
    pub(crate) adds: bool,
}

/// What one pass can take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// Elements of one binding.
    elements: u64,
    /// Sums of one grid.
    sums: u64,
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
        planner: &Planner,
        channels: Channels,
        length: u64,
        bytes: u64,
        sum: u64,
    ) -> Result<Self> {
        let (ranges, launch) = (planner.ranges, planner.launch.one_vector_per_invocation());
        ranges.check(bytes * LEAST)?;
        let most = Most { elements: ranges.max_len() / bytes, sums: launch.max_elements() / 4 };
        Ok(Reduction::of_levels(levels(channels, length, most), sum))
    }

    /// `sum` is the size of a sum in bytes.
    pub(crate) fn of_levels(levels: Vec<Vec<ReducePass>>, sum: u64) -> Self {
        let end = |pass: &ReducePass| pass.output_start + pass.outputs();
        let outputs = |level: &Vec<ReducePass>| level.iter().map(end).max().unwrap_or(0);
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

/// The levels for `length` elements, at least a row. Each pass reads contiguous memory, because wide strides are slow: long
/// channels are summed within themselves first, then rows are added to rows nearby, and the rest of the channels is summed
/// last.
fn levels(channels: Channels, length: u64, most: Most) -> Vec<Vec<ReducePass>> {
    let count = u64::from(channels.count);
    let mut inner = u64::from(channels.inner);
    let mut rows = length / channels.row();
    let mut levels = Vec::new();
    // No pass takes two such rows.
    let is_wide = |row: u64| 2 * row > most.elements || row > most.sums;
    while rows > 1 && (inner >= 2 * ITEMS_PER_SUM || (inner > 1 && is_wide(count * inner))) {
        let (level, sums) = within(rows * count, inner, most);
        levels.push(level);
        inner = sums;
    }
    while rows > 1 && is_wide(count * inner) {
        levels.push(row_by_row(rows, count * inner, most));
        rows = rows.div_ceil(ITEMS_PER_SUM);
        if rows == 1 && inner == 1 {
            // The sums may have to be added to what the result holds, in one pass.
            levels.push(within(count, 1, most).0);
        }
    }
    while rows > 1 {
        let row = count * inner;
        // Enough columns to read together.
        let sums = row * COLUMNS.div_ceil(row);
        let sums = if sums <= most.sums { sums } else { row };
        let full = (most.elements / (ITEMS_PER_SUM * sums)).min(most.sums / sums);
        let span = if full > 0 { full * ITEMS_PER_SUM * sums } else { most.elements / row * row };
        let (mut passes, mut input_start, mut output_start) = (Vec::new(), 0, 0);
        while input_start < rows * row {
            let left = span.min(rows * row - input_start);
            let segments = left / (ITEMS_PER_SUM * sums);
            let (segments, length, sums) = if segments > 0 {
                (segments, ITEMS_PER_SUM * sums, sums)
            } else {
                (1, left, left.div_ceil(ITEMS_PER_SUM).next_multiple_of(row))
            };
            let pass =
                ReducePass { segments, length, sums, input_start, output_start, adds: false };
            input_start += pass.inputs();
            output_start += pass.outputs();
            passes.push(pass);
        }
        levels.push(passes);
        rows = output_start / row;
    }
    while inner > 1 || levels.is_empty() {
        let (level, sums) = within(count, inner, most);
        levels.push(level);
        inner = sums;
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

/// The sums within each of `segments` channels of `inner` elements, and how many each channel leaves.
fn within(segments: u64, inner: u64, most: Most) -> (Vec<ReducePass>, u64) {
    let sums = shorter(inner);
    if inner > most.elements || sums > most.sums {
        return in_pieces(segments, inner, most);
    }
    let at_once = (most.elements / inner).min(most.sums / sums);
    let starts = (0..segments).step_by(at_once as usize);
    let pass = |start: u64| ReducePass {
        segments: at_once.min(segments - start),
        length: inner,
        sums,
        input_start: start * inner,
        output_start: start * sums,
        adds: false,
    };
    (starts.map(pass).collect(), sums)
}

/// The same of channels that are too long for one pass.
fn in_pieces(segments: u64, inner: u64, most: Most) -> (Vec<ReducePass>, u64) {
    // Wide words need multiples of 8.
    let longest = most.elements.min(ITEMS_PER_SUM * most.sums) / 8 * 8;
    let pieces: Vec<_> = (0..inner).step_by(longest as usize).collect();
    let (mut passes, mut output_start) = (Vec::new(), 0);
    for segment in 0..segments {
        for &start in &pieces {
            let length = longest.min(inner - start);
            let (sums, input_start) = (shorter(length), segment * inner + start);
            passes.push(ReducePass {
                segments: 1,
                length,
                sums,
                input_start,
                output_start,
                adds: false,
            });
            output_start += sums;
        }
    }
    (passes, output_start / segments)
}

/// Adds up 64 rows at a time, each in passes of its own.
fn row_by_row(rows: u64, row: u64, most: Most) -> Vec<ReducePass> {
    let widest = most.elements.min(most.sums).min(row);
    let of_row = |index: u64| {
        (0..row).step_by(widest as usize).map(move |start| {
            let sums = widest.min(row - start);
            ReducePass {
                segments: 1,
                length: sums,
                sums,
                input_start: index * row + start,
                output_start: index / ITEMS_PER_SUM * row + start,
                adds: !index.is_multiple_of(ITEMS_PER_SUM),
            }
        })
    };
    (0..rows).flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the levels on the host.
    fn sum(channels: Channels, x: &[f64], most: Most) -> Vec<f64> {
        let mut input = x.to_vec();
        for level in levels(channels, x.len() as u64, most) {
            let mut output = Vec::new();
            for pass in level {
                assert!(
                    pass.inputs() <= most.elements && pass.outputs() <= most.sums,
                    "{pass:?}, {most:?}"
                );
                assert!(pass.length.div_ceil(pass.sums) <= ITEMS_PER_SUM);
                let start = pass.output_start as usize;
                assert!(if pass.adds { start < output.len() } else { start == output.len() });
                for index in 0..pass.outputs() {
                    let first = pass.input_start + index / pass.sums * pass.length;
                    let within = (index % pass.sums..pass.length).step_by(pass.sums as usize);
                    let sum: f64 = within.map(|i| input[(first + i) as usize]).sum();
                    match output.get_mut(start + index as usize) {
                        Some(old) => *old += sum,
                        None => output.push(sum),
                    }
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
            (3, 2, 70_001),
            (70, 3000, 3),
            (1, 5000, 130),
        ] {
            let channels = Channels { count, inner };
            let length = rows * channels.row();
            if cfg!(miri) && length > 2000 {
                continue;
            }
            let x: Vec<f64> = (0..length).map(|i| (i % 1013) as f64).collect();
            let row = channels.row();
            let lengths =
                [64, 100, 4096, 2 * row, 5 * row + 1, 1 << 20].into_iter().filter(|&l| l >= LEAST);
            for most in lengths
                .flat_map(|elements| [64, 256, 16_384, 1 << 27].map(|sums| Most { elements, sums }))
            {
                let mut expected = vec![0.0; count as usize];
                for (i, x) in x.iter().enumerate() {
                    expected[i / inner as usize % count as usize] += x;
                }
                let found = sum(channels, &x, most);
                assert_eq!(found, expected, "{rows} x {count} x {inner}, {most:?}");
            }
        }
    }
}
