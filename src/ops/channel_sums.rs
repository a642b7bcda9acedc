//! Sums over all elements of a channel: the gradients of a bias and of slopes.

use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::prepared::{Dispatch, Prepared, Uniforms};
use crate::device::{Gpu, pipeline};
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::ranges::{Range, Ranges};
use crate::shader::sum::{Sum, Summand};
use crate::shader::variant::Access;

/// Words an invocation adds up.
const STEPS: u64 = 64;

/// As in `sum.wgsl`.
const LANES: u64 = 8;

/// A uniform, word by word as `Sum` in `sum.wgsl`.
type Words = [u32; 8];

impl Gpu {
    /// The sum of the elements of each channel, in a new buffer of one f32 a channel: the gradient of a
    /// bias from dx. Reads 4 bytes an element.
    ///
    /// The order of the additions is the same in every run and on every device; of n elements, the error
    /// is at most 64 · log₆₄ n rounding errors of the sum of their magnitudes.
    ///
    /// ```
    /// # use wgpu_relu::{Channels, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let dx = gpu.upload(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0])?; // three rows of two units
    /// let db = gpu.channel_sums(&dx, Channels::last(2))?;
    /// assert_eq!(gpu.download(&db)?, [6.0, 60.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, and those of every operator.
    pub fn channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
    ) -> Result<wgpu::Buffer> {
        let x = x.into();
        channels.check(x.storage(Operand::X, ElementType::F32)?)?;
        let sums = self.buffer(4 * u64::from(channels.count), false)?;
        self.prepare_channel_sums(x, channels, &sums)?.submit(self)?;
        Ok(sums)
    }

    /// Checks, binds and sizes [`channel_sums`](Gpu::channel_sums) once, for [`Prepared::record`]. It keeps
    /// a buffer for intermediate sums, of at most a 32nd of x, or a few rows.
    ///
    /// # Errors
    ///
    /// As [`channel_sums`](Gpu::channel_sums); [`Error::ChannelLength`] for sums that are not one a channel,
    /// [`Error::SharedBuffer`] for sums in the buffer of x, and [`Error::Limit`] where one binding does not
    /// hold two rows.
    pub fn prepare_channel_sums<'a>(
        &self,
        x: impl Into<View<'a>>,
        channels: Channels,
        sums: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (x, sums) = (x.into(), sums.into());
        let length = x.contiguous(Operand::X)?.storage(Operand::X, ElementType::F32)?;
        channels.check(length)?;
        check_sums(Operand::Y, &sums, channels)?;
        if x.same_buffer(&sums) {
            return Err(Error::SharedBuffer { operand: Operand::X, written: Operand::Y });
        }
        if length == 0 {
            return prepare_zeros(self, channels, sums);
        }
        let terms = Terms { summand: Summand::Values, inputs: vec![x] };
        Stages::new(self, channels, length, 4)?.prepare(&terms, sums)
    }
}

/// Checks that there is a sum a channel.
pub(crate) fn check_sums(operand: Operand, sums: &View<'_>, channels: Channels) -> Result<()> {
    let length = sums.contiguous(operand)?.storage(operand, ElementType::F32)?;
    let channels = channels.count;
    if length == u64::from(channels) {
        return Ok(());
    }
    Err(Error::ChannelLength { operand, length, channels })
}

/// The sums of nothing: those of a row of zeros.
pub(crate) fn prepare_zeros(gpu: &Gpu, channels: Channels, sums: View<'_>) -> Result<Prepared> {
    let zeros = gpu.buffer(4 * channels.row(), false)?;
    let terms = Terms { summand: Summand::Values, inputs: vec![View::from(&zeros)] };
    Stages::new(gpu, channels, channels.row(), 4)?.prepare(&terms, sums)
}

/// What is summed up.
pub(crate) struct Terms<'a> {
    pub(crate) summand: Summand,
    /// What the terms are made of, an element each.
    pub(crate) inputs: Vec<View<'a>>,
}

/// One dispatch: of each of `segments` segments of `length` elements, `sums` sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stage {
    pub(crate) segments: u64,
    pub(crate) length: u64,
    pub(crate) sums: u64,
    /// First element of its input and of its output.
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Stage {
    pub(crate) fn inputs(&self) -> u64 {
        self.segments * self.length
    }
    pub(crate) fn outputs(&self) -> u64 {
        self.segments * self.sums
    }
}

/// All dispatches, in steps that build on each other.
pub(crate) struct Stages<'g> {
    pub(crate) gpu: &'g Gpu,
    pub(crate) steps: Vec<Vec<Stage>>,
}

impl<'g> Stages<'g> {
    /// For `length` elements, at least a row, of `bytes` bytes at most, those of the sums included.
    pub(crate) fn new(gpu: &'g Gpu, channels: Channels, length: u64, bytes: u64) -> Result<Self> {
        let ranges = Ranges::new(&gpu.shared.limits);
        let longest = ranges.longest() / bytes;
        let row = channels.row();
        // Two rows make one; a single one is all there is.
        let least = if length > row { 2 * row } else { row };
        if least > longest {
            return Err(ranges.too_small(bytes * least + ranges.limit - ranges.longest()));
        }
        Ok(Stages { gpu, steps: steps(channels, length, longest) })
    }

    /// Buffers for the sums of all steps but the last, of `bytes` bytes each. What is read and what is written must be in
    /// different ones: two take turns.
    pub(crate) fn between(&self, bytes: u64) -> Result<[Option<wgpu::Buffer>; 2]> {
        let outputs = |step: &Vec<Stage>| step.iter().map(Stage::outputs).sum::<u64>();
        let turn = |turn: usize| {
            let steps = self.steps.split_last().map_or(&[][..], |(_, between)| between);
            let most = steps.iter().skip(turn).step_by(2).map(outputs).max();
            most.map(|most| self.gpu.buffer(bytes * most, false)).transpose()
        };
        Ok([turn(0)?, turn(1)?])
    }

    /// Where a step writes to.
    pub(crate) fn output<'b>(
        &self,
        step: usize,
        between: &'b [Option<wgpu::Buffer>; 2],
        result: View<'b>,
    ) -> View<'b> {
        match &between[step % 2] {
            Some(buffer) if step + 1 < self.steps.len() => View::from(buffer),
            _ => result,
        }
    }

    pub(crate) fn prepare(&self, terms: &Terms<'_>, sums: View<'_>) -> Result<Prepared> {
        let gpu = self.gpu;
        let geometry = gpu.shared.geometry.single();
        let buffers = 1 + terms.inputs.len() as u32;
        pipeline::check_limits(&gpu.shared.limits, geometry.workgroup, buffers)?;
        let between = self.between(ElementType::F32.size())?;
        let mut operands = Vec::new();
        let (mut summand, mut inputs) = (terms.summand, terms.inputs.clone());
        for (index, step) in self.steps.iter().enumerate() {
            let output = self.output(index, &between, sums);
            operands
                .extend(step.iter().map(|&stage| Bound::new(gpu, stage, summand, &inputs, output)));
            (summand, inputs) = (Summand::Values, vec![output]);
        }
        let words: Vec<Words> = operands.iter().map(Bound::uniform).collect();
        let uniforms = Uniforms::new(gpu, &words)?;
        let dispatches = operands.iter().enumerate().map(|(index, bound)| {
            let operands = (1..).zip([&bound.y].into_iter().chain(&bound.inputs));
            let operands = operands.map(|(number, range)| {
                (number, wgpu::BindingResource::Buffer(range.binding.clone()))
            });
            let invocations = bound.stage.outputs() / bound.access.elements() / bound.together;
            let workgroups = geometry.workgroups(4 * invocations);
            let sum = Sum { summand: bound.summand, access: bound.access };
            let uniform = uniforms.binding(index);
            Dispatch::new(
                gpu,
                &sum,
                &geometry.size(),
                uniform,
                operands,
                workgroups,
                bound.stage.from,
            )
        });
        Ok(Prepared::fixed(dispatches.collect::<Result<_>>()?))
    }
}

/// The steps for `length` elements, at least a row, of which one binding holds `longest`: two rows, if there are
/// more than one. Each reads what lies together: long channels are summed within themselves first, then rows are
/// added to rows nearby, and what is left of the channels is summed at last.
fn steps(channels: Channels, length: u64, longest: u64) -> Vec<Vec<Stage>> {
    let count = u64::from(channels.count);
    let mut inner = u64::from(channels.inner);
    let mut rows = length / channels.row();
    let mut steps = Vec::new();
    while rows > 1 && inner >= 2 * STEPS {
        steps.push(within(rows * count, inner, longest));
        inner = shorter(inner);
    }
    while rows > 1 {
        let row = count * inner;
        // Enough columns to read together.
        let sums = row * COLUMNS.div_ceil(row);
        let span = longest / (STEPS * sums) * (STEPS * sums);
        let span = if span > 0 { span } else { longest / row * row };
        let (mut stages, mut from, mut to) = (Vec::new(), 0, 0);
        while from < rows * row {
            let left = span.min(rows * row - from);
            let segments = left / (STEPS * sums);
            let stage = if segments > 0 {
                Stage { segments, length: STEPS * sums, sums, from, to }
            } else {
                let sums = left.div_ceil(STEPS).next_multiple_of(row);
                Stage { segments: 1, length: left, sums, from, to }
            };
            from += stage.inputs();
            to += stage.outputs();
            stages.push(stage);
        }
        steps.push(stages);
        rows = to / row;
    }
    while inner > 1 || steps.is_empty() {
        steps.push(within(count, inner, longest));
        inner = shorter(inner);
    }
    steps
}

/// Elements that are read together, at least: 128 bytes, which a SIMD group of a CPU loads at once, and which are
/// a cache line of many a GPU. More would only make the steps from one row to the next longer.
const COLUMNS: u64 = 32;

/// How many sums one step leaves of a channel: by fours, as long as that comes out even.
fn shorter(inner: u64) -> u64 {
    match inner.div_ceil(STEPS) {
        1 => 1,
        sums => sums.next_multiple_of(4).min(inner),
    }
}

/// The sums within each of `segments` channels of `inner` elements.
fn within(segments: u64, inner: u64, longest: u64) -> Vec<Stage> {
    let sums = shorter(inner);
    let most = (longest / inner).max(1);
    let starts = (0..segments).step_by(most as usize);
    let stage = |start: u64| Stage {
        segments: most.min(segments - start),
        length: inner,
        sums,
        from: start * inner,
        to: start * sums,
    };
    starts.map(stage).collect()
}

/// A stage with its bindings, each with the operand's first element in it.
struct Bound<'a> {
    stage: Stage,
    summand: Summand,
    access: Access,
    /// Sums an invocation makes.
    together: u64,
    inputs: Vec<Range<'a>>,
    y: Range<'a>,
}

impl<'a> Bound<'a> {
    fn new(gpu: &Gpu, stage: Stage, summand: Summand, inputs: &[View<'a>], y: View<'a>) -> Self {
        let ranges = Ranges::new(&gpu.shared.limits);
        let inputs: Vec<_> = inputs
            .iter()
            .zip(summand.elements())
            .map(|(&view, element)| ranges.bind(view, element.size(), stage.from, stage.inputs()))
            .collect();
        let y = ranges.bind(y, ElementType::F32.size(), stage.to, stage.outputs());
        let firsts = inputs.iter().map(|range| range.first);
        let counts: Vec<_> =
            [y.first, stage.length, stage.sums].into_iter().chain(firsts).collect();
        let fits =
            |access: &Access| counts.iter().all(|count| count.is_multiple_of(access.elements()));
        let wide = gpu.shared.geometry.wide.then_some(Access::WideOctets);
        let access = wide.into_iter().chain([Access::Quads]).find(fits);
        let access = access.unwrap_or(Access::Elements);
        let (sums, uneven) = (stage.sums / access.elements(), stage.length % stage.sums);
        // A CPU reads short pieces of long rows slowly: longer ones, where all columns come out even.
        let on_cpu = gpu.shared.geometry.quads > 1;
        let together = if on_cpu && sums % (4 * LANES) == 0 && uneven == 0 { 4 } else { 1 };
        Bound { stage, summand, access, together, inputs, y }
    }

    fn uniform(&self) -> Words {
        let words = |elements: u64| (elements / self.access.elements()) as u32;
        let Stage { segments, length, sums, .. } = self.stage;
        let [x, dy] = [0, 1].map(|i| self.inputs.get(i).map_or(0, |range| words(range.first)));
        [
            x,
            dy,
            words(self.y.first),
            segments as u32,
            words(length),
            words(sums),
            self.together as u32,
            0,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the steps on the host.
    fn sum(channels: Channels, x: &[f64], longest: u64) -> Vec<f64> {
        let mut input = x.to_vec();
        for step in steps(channels, x.len() as u64, longest) {
            let mut output = Vec::new();
            for stage in step {
                assert!(stage.inputs() <= longest.max(channels.row()));
                assert!(stage.length.div_ceil(stage.sums) <= STEPS);
                assert_eq!(stage.to as usize, output.len());
                for index in 0..stage.outputs() {
                    let first = stage.from + index / stage.sums * stage.length;
                    let within = (index % stage.sums..stage.length).step_by(stage.sums as usize);
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
            for longest in [2 * channels.row(), 5 * channels.row() + 1, 1 << 20] {
                let mut expected = vec![0.0; count as usize];
                for (i, x) in x.iter().enumerate() {
                    expected[i / inner as usize % count as usize] += x;
                }
                let found = sum(channels, &x, longest);
                assert_eq!(found, expected, "{rows} x {count} x {inner}, {longest} at once");
            }
        }
    }
}
