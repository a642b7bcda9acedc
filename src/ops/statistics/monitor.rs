//! Monitors a layer's units over the steps of a training.

use std::collections::VecDeque;
use std::fmt;

use crate::activation::Activation;
use crate::args::channels::Channels;
use crate::args::view::View;
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::Element;
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::statistics::Unit;

/// Monitors the units of a layer's output over the last steps of a training.
///
/// A ReLU unit whose input is negative for every sample gives 0 and gets no gradient: it stays dead, most likely. A
/// monitor is made once for the buffer of y. It reads y in a pass of its own ([`observe`](UnitMonitor::observe)) or in
/// the caller's ([`prepared`](UnitMonitor::prepared) and [`read`](UnitMonitor::read)).
///
/// ```
/// use wgpu_relu::{Activation, Channels, Gpu, UnitMonitor};
///
/// let gpu = Gpu::new()?;
/// let y = gpu.upload(&[0.0, 1.0, 0.0, 2.0])?; // two rows of two units
/// let mut monitor = UnitMonitor::new(&gpu, &y, Channels::last(2), Activation::Relu)?.window(100);
/// // after every step, or after some:
/// monitor.observe()?;
/// let report = monitor.report();
/// assert_eq!(report.dead(), [0]);
/// println!("{report}"); // 2 units over 1 step: 1 dead (0); 0 saturated; 50.0 % zeros
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct UnitMonitor {
    gpu: Gpu,
    step: Prepared,
    records: wgpu::Buffer,
    window: usize,
    threshold: f64,
    steps: VecDeque<Vec<Unit>>,
}

impl UnitMonitor {
    /// Monitors y over the last 20 observed steps. A unit counts as saturated if 95 % of its outputs are.
    ///
    /// # Errors
    ///
    /// Those of [`Gpu::prepare_units`].
    pub fn new<'a>(
        gpu: &Gpu,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
    ) -> Result<Self> {
        Self::of_elements::<f32>(gpu, y, channels, activation)
    }

    /// Does the same as [`new`](UnitMonitor::new) for a y of elements of type `T`.
    ///
    /// # Errors
    ///
    /// Those of [`Gpu::prepare_units`].
    pub fn of_elements<'a, T: Element>(
        gpu: &Gpu,
        y: impl Into<View<'a>>,
        channels: Channels,
        activation: Activation,
    ) -> Result<Self> {
        let y = y.into();
        channels.check(y.storage(Operand::Y, T::TYPE)?)?;
        let records = gpu.buffer(Unit::SIZE * u64::from(channels.count), false)?;
        let step = gpu.prepare_units_elements::<T>(y, channels, activation, &records)?;
        let steps = VecDeque::new();
        Ok(UnitMonitor { gpu: gpu.clone(), step, records, window: 20, threshold: 0.95, steps })
    }

    /// Sets the number of steps to look back, at least one.
    #[must_use]
    pub fn window(self, steps: usize) -> Self {
        UnitMonitor { window: steps.max(1), ..self }
    }

    /// Sets the share of outputs from which on a unit counts as silent, or as saturated.
    #[must_use]
    pub fn threshold(self, share: f64) -> Self {
        UnitMonitor { threshold: share, ..self }
    }

    /// Returns the operation, to record after y is computed.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.step
    }

    /// Computes the statistics of y as it is now, and adds them as a step. Waits for the device.
    ///
    /// # Errors
    ///
    /// Those of every operator.
    pub fn observe(&mut self) -> Result<()> {
        self.step.run()?;
        self.read()
    }

    /// Adds the result of the recorded operation as a step, once that has been submitted. Waits for the device.
    ///
    /// # Errors
    ///
    /// Those of [`Gpu::download`].
    pub fn read(&mut self) -> Result<()> {
        let units = Unit::from_records(&self.gpu.download(&self.records)?);
        while self.steps.len() >= self.window {
            self.steps.pop_front();
        }
        self.steps.push_back(units);
        Ok(())
    }

    /// Forgets all steps.
    pub fn reset(&mut self) {
        self.steps.clear();
    }

    /// Returns the report on the last steps.
    #[must_use]
    pub fn report(&self) -> UnitReport {
        let count = self.steps.front().map_or(0, Vec::len);
        let merged = |unit: usize| {
            let of_unit = self.steps.iter().filter_map(|step| step.get(unit));
            of_unit.fold(Unit::default(), |total, next| total.merged(next))
        };
        UnitReport {
            units: (0..count).map(merged).collect(),
            steps: self.steps.len(),
            threshold: self.threshold,
        }
    }
}

/// The units of a layer over some steps. As text it is a line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnitReport {
    /// Each unit, over all the steps.
    pub units: Vec<Unit>,
    /// How many steps there were.
    pub steps: usize,
    /// The share from which on a unit counts as silent, or as saturated.
    pub threshold: f64,
}

impl UnitReport {
    fn which(&self, is: impl Fn(&Unit) -> bool) -> Vec<usize> {
        (0..self.units.len()).filter(|&i| is(&self.units[i])).collect()
    }

    /// The units that were 0 for every sample of every step.
    #[must_use]
    pub fn dead(&self) -> Vec<usize> {
        self.which(Unit::is_dead)
    }

    /// The units that were 0 for a share of the samples that reaches the threshold: the dead, and those about to be.
    #[must_use]
    pub fn silent(&self) -> Vec<usize> {
        self.which(|unit| unit.finite > 0 && unit.zero_share() >= self.threshold)
    }

    /// The units that were at one of the activation's bounds for a share of the samples that reaches the threshold.
    #[must_use]
    pub fn saturated(&self) -> Vec<usize> {
        self.which(|unit| unit.finite > 0 && unit.saturated_share() >= self.threshold)
    }

    /// The share of zeros among all outputs.
    #[must_use]
    pub fn zero_share(&self) -> f64 {
        let total = self
            .units
            .iter()
            .fold((0, 0), |(zeros, finite), unit| (zeros + unit.zeros, finite + unit.finite));
        total.0 as f64 / total.1.max(1) as f64
    }
}

impl fmt::Display for UnitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |units: &[usize]| {
            let shown: Vec<_> = units.iter().take(8).map(usize::to_string).collect();
            match units.len() {
                0 => String::new(),
                1..=8 => format!(" ({})", shown.join(", ")),
                _ => format!(" ({}, ...)", shown.join(", ")),
            }
        };
        let (dead, saturated) = (self.dead(), self.saturated());
        let (units, steps) = (self.units.len(), self.steps);
        let plural = if steps == 1 { "" } else { "s" };
        write!(
            f,
            "{units} units over {steps} step{plural}: {} dead{}; {} saturated{}; {:.1} % zeros",
            dead.len(),
            list(&dead),
            saturated.len(),
            list(&saturated),
            100.0 * self.zero_share()
        )?;
        let not_finite = self.which(|unit| unit.not_finite > 0);
        if not_finite.is_empty() {
            return Ok(());
        }
        write!(f, "; {} gave infinities or NaN{}", not_finite.len(), list(&not_finite))
    }
}
