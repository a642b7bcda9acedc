//! Statistics of units: zeros, saturated outputs, mean and variance.
//!
//! May use the floors below, and the other operators.

pub(crate) mod forward;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod monitor;

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::range::BufferRange;
use crate::args::view::{Buffers, View};
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::{Element, ElementType};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::dispatch::{Dispatch, Plan};
use crate::plan::planner::Planner;
use crate::plan::ranges::BoundRange;
use crate::plan::reduce::{ReducePass, Reduction, scratch};
use crate::plan::uniform::StatisticsParams;
use crate::shader::statistics::{Statistics, StatisticsInput};
use crate::shader::variant::VectorWidth;

/// The words of `UnitStatistics` in `statistics.wgsl`.
type UnitStatistics = [u32; 8];

/// The input of the first pass.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) x: View<'a>,
    pub(crate) element: ElementType,
    pub(crate) channels: Channels,
    pub(crate) activation: Activation,
    /// The outputs and the bias of a layer, if x is its input.
    pub(crate) layer: Option<[View<'a>; 2]>,
}

/// The statistics of a unit, which is a channel of a layer's output, over one batch or several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Unit {
    /// Finite outputs; the counts, mean and variance below are of them.
    pub finite: u64,
    /// Outputs that were 0.
    pub zeros: u64,
    /// Outputs within 1 % of the activation's lower bound.
    pub at_lower_bound: u64,
    /// Outputs within 1 % of the activation's upper bound.
    pub at_upper_bound: u64,
    /// Outputs that were infinite or NaN.
    pub not_finite: u64,
    /// The mean.
    pub mean: f64,
    /// The variance: the mean square of the deviations from the mean.
    pub variance: f64,
}

impl Unit {
    /// Bytes of a unit's record on the device.
    pub const SIZE: u64 = size_of::<UnitStatistics>() as u64;

    /// The statistics in the bytes that [`Gpu::prepare_units`] writes.
    #[must_use]
    pub fn from_records(records: &[f32]) -> Vec<Unit> {
        let read = |record: &[f32]| {
            let count = |index: usize| u64::from(record[index].to_bits());
            let finite = count(0);
            // Squares that overflow may be NaN on the device: infinity less infinity.
            let squares = f64::from(record[6]);
            let squares = if squares.is_finite() { squares } else { f64::INFINITY };
            Unit {
                finite,
                zeros: count(1),
                at_lower_bound: count(2),
                at_upper_bound: count(3),
                not_finite: count(4),
                mean: record[5].into(),
                variance: squares / finite.max(1) as f64,
            }
        };
        records.chunks_exact(size_of::<UnitStatistics>() / 4).map(read).collect()
    }

    /// Returns the share of outputs that were 0.
    #[must_use]
    pub fn zero_share(&self) -> f64 {
        self.zeros as f64 / self.finite.max(1) as f64
    }

    /// Returns the share of outputs at one of the activation's bounds.
    #[must_use]
    pub fn saturated_share(&self) -> f64 {
        (self.at_lower_bound + self.at_upper_bound) as f64 / self.finite.max(1) as f64
    }

    /// Whether all outputs were 0. If the derivative is 0 where the output is 0, no gradient passes then.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.finite > 0 && self.zeros == self.finite && self.not_finite == 0
    }

    /// Returns the statistics of both batches together.
    #[must_use]
    pub fn merged(&self, other: &Unit) -> Unit {
        let finite = self.finite + other.finite;
        let share = other.finite as f64 / finite.max(1) as f64;
        let deviation = other.mean - self.mean;
        let within = self.variance * (1.0 - share) + other.variance * share;
        Unit {
            finite,
            zeros: self.zeros + other.zeros,
            at_lower_bound: self.at_lower_bound + other.at_lower_bound,
            at_upper_bound: self.at_upper_bound + other.at_upper_bound,
            not_finite: self.not_finite + other.not_finite,
            mean: self.mean + deviation * share,
            variance: within + deviation * deviation * share * (1.0 - share),
        }
    }
}

impl Gpu {
    /// Computes statistics of each unit of a layer's output y: zeros, saturated outputs, mean and variance. The device
    /// makes them in one pass over y, and 32 bytes per unit are read back. Submits, and waits.
    ///
    /// An output is saturated near a finite limit of the activation, unless the only finite limit is 0.
    ///
    /// The device computes in f32. The variance is infinite if a sum of squared deviations exceeds 3.4e38, from the mean or
    /// from the first outputs: for outputs near 5e18, or near 1e16 if there are a million of them. The mean is right up to |y| = 1.7e38, and may be NaN beyond.
    ///
    /// ```
    /// # use wgpu_relu::{Activation, Channels, Gpu};
    /// # let gpu = Gpu::new()?;
    /// let y = gpu.upload(&[0.0, 1.0, 0.0, 0.0, 0.0, 5.0])?; // three rows of two units
    /// let units = gpu.units(&y, Channels::last(2), Activation::Relu)?;
    /// assert!(units[0].is_dead());
    /// assert_eq!((units[1].zeros, units[1].mean), (1, 2.0));
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Channels`] for a length that is no whole number of rows, [`Error::Unsupported`] for 2³² or more elements per
    /// unit, and those of every operator.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn units<'a>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
    ) -> Result<Vec<Unit>> {
        self.units_elements::<f32>(y, channels, activation)
    }

    /// Does the same as [`units`](Gpu::units) for elements of type `T`.
    ///
    /// # Errors
    ///
    /// Those of [`units`](Gpu::units).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn units_elements<'a, T: Element>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
    ) -> Result<Vec<Unit>> {
        let y = y.into();
        channels.check(y.storage(Operand::Y, T::TYPE)?)?;
        let records = self.buffer(Unit::SIZE * u64::from(channels.count), false)?;
        let step = self.prepare_units_elements::<T>(y, channels, activation, &records)?;
        step.run()?;
        Ok(Unit::from_records(&self.download(&records)?))
    }

    /// Checks, binds and sizes [`units`](Gpu::units) once, for [`Prepared::record`] after the layer's own operations.
    /// The operation writes [`Unit::SIZE`] bytes per unit, for [`Unit::from_records`], and keeps a buffer for
    /// intermediate records, of at most an eighth of y, or a few rows.
    ///
    /// # Errors
    ///
    /// As [`units`](Gpu::units); [`Error::ChannelLength`] for a buffer of records of another size,
    /// and [`Error::SharedBuffer`] for one that is that of y.
    pub fn prepare_units<'a>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
        records: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_units_elements::<f32>(y, channels, activation, records)
    }

    /// Does the same as [`prepare_units`](Gpu::prepare_units) for elements of type `T`.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_units`](Gpu::prepare_units).
    pub fn prepare_units_elements<'a, T: Element>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
        records: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        let (y, records) = (y.into(), records.into());
        activation.validate()?;
        y.contiguous(Operand::Y)?;
        let length = y.storage(Operand::Y, T::TYPE)?;
        channels.check(length)?;
        check_records(records, channels)?;
        if y.same_buffer(&records) {
            return Err(Error::SharedBuffer { operand: Operand::Y, written: Operand::Records });
        }
        let source = Source { x: y, element: T::TYPE, channels, activation, layer: None };
        prepare(self, source, length, records)
    }
}

/// Checks that there is one record per channel.
pub(crate) fn check_records(records: View<'_>, channels: Channels) -> Result<()> {
    records.contiguous(Operand::Records)?;
    let storage = wgpu::BufferUsages::STORAGE;
    let length = records.checked(Operand::Records, Unit::SIZE, storage, "STORAGE")?;
    let (operand, channels) = (Operand::Records, channels.count);
    if length == u64::from(channels) {
        return Ok(());
    }
    Err(Error::ChannelLength { operand, length, channels })
}

/// Checks that the elements of a channel can be counted.
fn check_counts(length: u64, channels: Channels) -> Result<()> {
    if length / u64::from(channels.count) <= u64::from(u32::MAX) {
        return Ok(());
    }
    Err(Error::Unsupported {
        activation: "a unit's record",
        what: "counts of 2^32 or more elements",
        remedy: "take the statistics of parts, and merge them with Unit::merged",
    })
}

/// The passes that give one result per channel.
fn reduction(planner: &Planner, channels: Channels, length: u64) -> Result<Reduction> {
    if length == 0 {
        let segments = channels.count.into();
        let (input_start, output_start, adds) = (0, 0, false);
        let nothing = ReducePass { segments, length: 0, sums: 1, input_start, output_start, adds };
        return Ok(Reduction::of_levels(vec![vec![nothing]], Unit::SIZE));
    }
    Reduction::new(planner, channels, length, Unit::SIZE, Unit::SIZE)
}

/// The first and the last output that count as the lower bound, and those for the upper bound.
fn bounds(activation: &Activation) -> [f32; 4] {
    let (low, high) = activation.limits();
    let range = high - low;
    let band = |bound: f64| {
        let margin = 0.01 * if range.is_finite() { range } else { bound.abs() };
        // No number is in this band. It is for infinite limits, and for 0 as the only finite one.
        let none = [1.0, -1.0];
        let some = [(bound - margin) as f32, (bound + margin) as f32];
        if bound.is_finite() && margin > 0.0 { some } else { none }
    };
    let ([a, b], [c, d]) = (band(low), band(high));
    [a, b, c, d]
}

/// Plans the passes for `length` elements.
pub(crate) fn prepare(
    gpu: &Gpu,
    source: Source<'_>,
    length: u64,
    records: View<'_>,
) -> Result<Prepared> {
    let mut buffers = Buffers::default();
    let input = if source.layer.is_some() { Operand::X } else { Operand::Y };
    let x = buffers.range(input, source.x);
    let layer = source
        .layer
        .map(|[y, bias]| [buffers.range(Operand::Y, y), buffers.range(Operand::Bias, bias)]);
    let records = buffers.range(Operand::Records, records);
    let plan = plan(&gpu.shared.planner, &source, x, layer, length, records)?;
    Prepared::new(gpu, plan, &buffers)
}

fn plan(
    planner: &Planner,
    source: &Source<'_>,
    x: BufferRange,
    layer: Option<[BufferRange; 2]>,
    length: u64,
    records: BufferRange,
) -> Result<Plan> {
    let Source { element, channels, activation, .. } = *source;
    let (launch, ranges) = (planner.launch.one_vector_per_invocation(), planner.ranges);
    planner.check_limits(launch.workgroup, if layer.is_some() { 4 } else { 2 })?;
    let (count, inner) = (u64::from(channels.count), u64::from(channels.inner));
    check_counts(length, channels)?;
    // The biases are bound as a whole.
    if layer.is_some() {
        ranges.check(4 * count)?;
    }
    let mut reduction = reduction(planner, channels, length)?;
    let mut read = (x, element.size());
    if length == 0 {
        // A binding cannot be empty.
        read.0 = scratch(reduction.scratch.len() as u32, 4);
        reduction.scratch.push(4);
    }
    let mut dispatches = Vec::new();
    for (level, passes) in reduction.levels.iter().enumerate() {
        let output = reduction.output(level, records);
        let layer = layer.filter(|_| level == 0);
        let input = match layer {
            _ if level > 0 => StatisticsInput::Merge,
            Some(_) => StatisticsInput::Layer(activation.name()),
            None => StatisticsInput::Elements(element),
        };
        for pass in passes {
            let mut bound = vec![
                ranges.bind(&output, Unit::SIZE, pass.output_start, pass.outputs()),
                ranges.bind(&read.0, read.1, pass.input_start, pass.inputs()),
            ];
            if let Some([y, bias]) = &layer {
                bound.push(ranges.bind(y, 4, pass.input_start, pass.inputs()));
                bound.push(ranges.bind(bias, 4, 0, count));
            }
            let width = width(input, pass, &bound);
            let vectors = |elements: u64| (elements / width.elements()) as u32;
            let first = |index| bound.get(index).map_or(0, |range: &BoundRange| range.first);
            let params = StatisticsParams {
                offset_y: first(0) as u32,
                offset_x: vectors(first(1)),
                segments: pass.segments as u32,
                length: vectors(pass.length),
                sums: vectors(pass.sums),
                offset_result: vectors(first(2)),
                offset_bias: first(3) as u32,
                first_channel: (pass.input_start / inner % count) as u32,
                bounds: bounds(&activation),
                activation: activation.uniform(),
                channels: channels.count,
                inner: channels.inner,
                adds: u32::from(pass.adds),
                ..StatisticsParams::ZERO
            };
            let workgroups = launch.workgroups(4 * pass.outputs() / width.elements());
            let shader = Statistics { input, width };
            let dispatch = Dispatch::new(shader, &launch.size(), bound, params.words(), workgroups);
            dispatches.push(dispatch);
        }
        read = (output, Unit::SIZE);
    }
    Ok(Plan { scratch: reduction.scratch, dispatches, ..Plan::default() })
}

/// By how many columns a pass goes. `bound` has its results, what it reads, and the outputs of a layer.
fn width(input: StatisticsInput, pass: &ReducePass, bound: &[BoundRange]) -> VectorWidth {
    let starts = bound.iter().skip(1).take(2).map(|range| range.first);
    let mut counts = starts.chain([pass.length, pass.sums]);
    match input {
        StatisticsInput::Merge => VectorWidth::One,
        _ if counts.all(|count| count.is_multiple_of(4)) => VectorWidth::Four,
        _ => VectorWidth::One,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_would_wrap_are_refused() {
        let channels = Channels::last(2);
        assert_eq!(check_counts(2 * u64::from(u32::MAX), channels), Ok(()));
        let error = check_counts(1 << 33, channels).unwrap_err();
        let expected = "a unit's record has no counts of 2^32 or more elements; take the statistics of parts, and merge them with Unit::merged";
        assert_eq!(error.to_string(), expected);
    }
}
