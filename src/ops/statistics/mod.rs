//! Statistics of units: who is dead, who is saturated, and how the others vary.
//!
//! May use what the other operators use.

pub(crate) mod forward;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod monitor;

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::prepared::{Dispatch, Prepared, Uniforms};
use crate::device::{Gpu, pipeline};
use crate::element::{Element, ElementType};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::channel_sums::{Stage, Stages};
use crate::plan::ranges::{Range, Ranges};
use crate::shader::statistics::Observed;

/// As `Record` in `units.wgsl`.
type Record = [u32; 8];

/// A uniform, word by word as `Units` in `units.wgsl`.
type Words = [u32; 20];

/// What is bound for the first step.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) x: View<'a>,
    pub(crate) element: ElementType,
    pub(crate) channels: Channels,
    pub(crate) activation: Activation,
    /// Where x are the inputs of a layer, its outputs and its bias.
    pub(crate) layer: Option<[View<'a>; 2]>,
}

/// What a unit gave over a batch, or over several: a channel of a layer's output.
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
    pub const SIZE: u64 = size_of::<Record>() as u64;

    /// Reads what [`Gpu::prepare_units`] left in its buffer.
    #[must_use]
    pub fn from_records(records: &[f32]) -> Vec<Unit> {
        let read = |record: &[f32]| {
            let count = |index: usize| u64::from(record[index].to_bits());
            let finite = count(0);
            Unit {
                finite,
                zeros: count(1),
                at_lower_bound: count(2),
                at_upper_bound: count(3),
                not_finite: count(4),
                mean: record[5].into(),
                variance: f64::from(record[6]) / finite.max(1) as f64,
            }
        };
        records.chunks_exact(size_of::<Record>() / 4).map(read).collect()
    }

    /// The share of outputs that were 0.
    #[must_use]
    pub fn zero_share(&self) -> f64 {
        self.zeros as f64 / self.finite.max(1) as f64
    }

    /// The share of outputs at one of the activation's bounds.
    #[must_use]
    pub fn saturated_share(&self) -> f64 {
        (self.at_lower_bound + self.at_upper_bound) as f64 / self.finite.max(1) as f64
    }

    /// Whether nothing but 0 ever came out: no gradient passes then, where that is the derivative's 0.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.finite > 0 && self.zeros == self.finite && self.not_finite == 0
    }

    /// Both, as if they had been one batch.
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
    /// Statistics of each unit of a layer's output y: zeros, saturated outputs, mean and variance. They are made on
    /// the device, in one pass over y; what is read back are 32 bytes a unit. Submits, and waits.
    ///
    /// Saturation is counted for the bounds that the activation's limits are, unless there is but one and it is 0.
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
    /// [`Error::Channels`] for a length that is no whole number of rows, and those of every operator.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn units<'a>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
    ) -> Result<Vec<Unit>> {
        self.units_elements::<f32>(y, channels, activation)
    }

    /// [`units`](Gpu::units) of elements of type `T`.
    ///
    /// # Errors
    ///
    /// As [`units`](Gpu::units).
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
        step.submit(self)?;
        Ok(Unit::from_records(&self.download(&records)?))
    }

    /// Checks, binds and sizes [`units`](Gpu::units) once, for [`Prepared::record`] after the layer's own
    /// operations. It writes [`Unit::SIZE`] bytes a unit, for [`Unit::from_records`], and keeps a buffer for
    /// intermediate records, of at most an eighth of y, or a few rows.
    ///
    /// # Errors
    ///
    /// As [`units`](Gpu::units); [`Error::ChannelLength`] for a buffer of records of another size,
    /// [`Error::SharedBuffer`] for one that is that of y, and [`Error::Limit`] where one binding does not
    /// hold the records of two rows.
    pub fn prepare_units<'a>(
        &self,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
        records: impl Into<View<'a>>,
    ) -> Result<Prepared> {
        self.prepare_units_elements::<f32>(y, channels, activation, records)
    }

    /// [`prepare_units`](Gpu::prepare_units) of elements of type `T`.
    ///
    /// # Errors
    ///
    /// As [`prepare_units`](Gpu::prepare_units).
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
        // There is no binding of nothing.
        let nothing = if length == 0 { Some(self.buffer(4, false)?) } else { None };
        let x = nothing.as_ref().map_or(y, View::from);
        let source = Source { x, element: T::TYPE, channels, activation, layer: None };
        prepare(self, source, length, records)
    }
}

/// Checks that there is a record a channel.
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

/// The steps that make a record a channel.
fn stages(gpu: &Gpu, channels: Channels, length: u64) -> Result<Stages<'_>> {
    if length == 0 {
        let segments = channels.count.into();
        let nothing = Stage { segments, length: 0, sums: 1, from: 0, to: 0 };
        return Ok(Stages { gpu, steps: vec![vec![nothing]] });
    }
    Stages::new(gpu, channels, length, Unit::SIZE)
}

/// From and to of what counts as the lower bound, and as the upper one.
fn bounds(activation: &Activation) -> [f32; 4] {
    let (low, high) = activation.limits();
    let range = high - low;
    let band = |bound: f64| {
        let margin = 0.01 * if range.is_finite() { range } else { bound.abs() };
        // A band of which nothing is part, for what is no bound.
        let none = [1.0, -1.0];
        let some = [(bound - margin) as f32, (bound + margin) as f32];
        if bound.is_finite() && margin > 0.0 { some } else { none }
    };
    let ([a, b], [c, d]) = (band(low), band(high));
    [a, b, c, d]
}

/// Binds and sizes the steps for `length` elements.
pub(crate) fn prepare(
    gpu: &Gpu,
    source: Source<'_>,
    length: u64,
    records: View<'_>,
) -> Result<Prepared> {
    let Source { element, channels, activation, layer, .. } = source;
    let stages = stages(gpu, channels, length)?;
    let limits = &gpu.shared.limits;
    let (geometry, ranges) = (gpu.shared.geometry.single(), Ranges::new(limits));
    pipeline::check_limits(limits, geometry.workgroup, if layer.is_some() { 4 } else { 2 })?;
    let between = stages.between(Unit::SIZE)?;
    let (count, inner) = (u64::from(channels.count), u64::from(channels.inner));
    let mut plans: Vec<(Observed, &Stage, Vec<Range<'_>>)> = Vec::new();
    let mut words: Vec<Words> = Vec::new();
    let mut input = (source.x, element.size());
    for (index, step) in stages.steps.iter().enumerate() {
        let output = stages.output(index, &between, records);
        let layer = layer.filter(|_| index == 0);
        let observed = match layer {
            _ if index > 0 => Observed::Records,
            Some(_) => Observed::Layer(activation.name()),
            None => Observed::Elements(element),
        };
        for stage in step {
            let mut bound = vec![
                ranges.bind(output, Unit::SIZE, stage.to, stage.outputs()),
                ranges.bind(input.0, input.1, stage.from, stage.inputs()),
            ];
            if let Some([y, bias]) = layer {
                bound.push(ranges.bind(y, 4, stage.from, stage.inputs()));
                bound.push(ranges.bind(bias, 4, 0, count));
            }
            let first = |index: usize| bound.get(index).map_or(0, |range| range.first);
            let phase = stage.from / inner % count;
            let counts = [first(1), first(0), stage.segments, stage.length, stage.sums];
            let of_layer = [first(2), first(3), phase];
            let mut uniform: Words = [0; 20];
            for (word, number) in uniform.iter_mut().zip(counts.into_iter().chain(of_layer)) {
                *word = number as u32;
            }
            uniform[8..12].copy_from_slice(&bounds(&activation).map(f32::to_bits));
            uniform[12..16].copy_from_slice(&activation.uniform().map(f32::to_bits));
            uniform[16..18].copy_from_slice(&[channels.count, channels.inner]);
            words.push(uniform);
            plans.push((observed, stage, bound));
        }
        input = (output, Unit::SIZE);
    }
    let uniforms = Uniforms::new(gpu, &words)?;
    let dispatches = plans.iter().enumerate().map(|(index, (observed, stage, bound))| {
        let operands = (1..)
            .zip(bound)
            .map(|(number, range)| (number, wgpu::BindingResource::Buffer(range.binding.clone())));
        let uniform = uniforms.binding(index);
        let workgroups = geometry.workgroups(4 * stage.outputs());
        Dispatch::new(gpu, observed, &geometry.size(), uniform, operands, workgroups, stage.from)
    });
    Ok(Prepared::fixed(dispatches.collect::<Result<_>>()?))
}
