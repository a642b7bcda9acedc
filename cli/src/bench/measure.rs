//! Timing in rounds that take turns.

use std::time::Duration;

use indicatif::ProgressBar;
use testkit::bench::{Operation, Operator, Setup};
use testkit::stopwatch::median;
use wgpu_relu::{Activation, Gpu};

use crate::{Outcome, messages, progress};

/// The time that an operation runs per round, unless one run takes longer.
const ROUND_SECONDS: f64 = 0.02;

/// The most runs per round.
const MOST_RUNS: f64 = 4096.0;

/// The median of an operation at a size.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    pub(super) operation: Operation,
    pub(super) elements: usize,
    /// By the host's clock.
    pub(super) seconds: f64,
    /// By the device's timestamps, if it has them.
    pub(super) device_seconds: Option<f64>,
}

impl Rate {
    /// Bytes read and written.
    pub(super) fn bytes(&self) -> u64 {
        self.operation.bytes(self.elements)
    }

    pub(super) fn bytes_per_second(&self) -> f64 {
        self.bytes() as f64 / self.seconds
    }

    pub(super) fn device_bytes_per_second(&self) -> Option<f64> {
        self.device_seconds.map(|seconds| self.bytes() as f64 / seconds)
    }
}

/// Times the copy and all activations at all sizes. Sizes that do not fit into the device's memory are left out, with a
/// note.
pub(super) fn all(
    gpu: &Gpu,
    activations: &[Activation],
    with_new_buffers: bool,
    elements: &[usize],
    rounds: u32,
) -> Outcome<Vec<Rate>> {
    let operators = activations.iter().flat_map(|&activation| {
        let applied: &[Operator] =
            if with_new_buffers { &[Operator::NewBuffer, Operator::Recycled] } else { &[] };
        let operators = Operator::ALL.into_iter().chain(applied.iter().copied());
        operators.map(move |operator| Operation::Operator(activation, operator))
    });
    let operations: Vec<Operation> = [Operation::Copy].into_iter().chain(operators).collect();
    // Each round is a step, and so is the check of the results.
    let bar = progress::steps((elements.len() * operations.len() * (rounds as usize + 1)) as u64);
    let mut rates = Vec::new();
    let limit = gpu.device().limits().max_buffer_size;
    for &elements in elements {
        // Before the host allocates data that the device cannot take.
        let size = 4 * elements as u128;
        let setup = match u64::try_from(size).ok().filter(|&size| size <= limit) {
            Some(_) => Setup::new(gpu, elements).map_err(|error| error.to_string()),
            None => Err(format!("{size} bytes, where this device's buffers end at {limit}")),
        };
        match setup {
            Ok(setup) => rates.extend(at_size(&setup, &operations, rounds, &bar)?),
            Err(error) => bar.suspend(|| {
                messages::note(&format_args!("{elements} elements left out: {error}"));
            }),
        }
    }
    bar.finish_and_clear();
    if rates.is_empty() {
        return Err("no size could be measured on this adapter; take smaller --elements".into());
    }
    Ok(rates)
}

fn at_size(
    setup: &Setup<'_>,
    operations: &[Operation],
    rounds: u32,
    bar: &ProgressBar,
) -> Outcome<Vec<Rate>> {
    let elements = setup.length();
    bar.set_message(format!("{elements} elements"));
    let mut runs = Vec::new();
    for &operation in operations {
        // The first run compiles.
        setup.time(operation, 1)?;
        let seconds = setup.time(operation, 4)?.wall.as_secs_f64() / 4.0;
        runs.push((ROUND_SECONDS / seconds.max(1e-9)).clamp(1.0, MOST_RUNS) as u64);
    }
    let mut samples = vec![Vec::new(); operations.len()];
    for _ in 0..rounds {
        for ((&operation, samples), &runs) in operations.iter().zip(&mut samples).zip(&runs) {
            samples.push(setup.time(operation, runs)?);
            bar.inc(1);
        }
    }
    let mut rates = Vec::new();
    for ((&operation, samples), &runs) in operations.iter().zip(samples).zip(&runs) {
        setup.verify(operation).map_err(|error| format!("{error}; `wgpu-relu check` says more"))?;
        bar.inc(1);
        let of_one = |spent: Duration| spent.as_secs_f64() / runs as f64;
        let seconds = median(samples.iter().map(|spent| of_one(spent.wall)).collect());
        let device: Option<Vec<f64>> = samples.iter().map(|s| s.device.map(of_one)).collect();
        // A clock that stands still tells nothing.
        let device_seconds = device.map(median).filter(|seconds| *seconds > 0.0);
        rates.push(Rate { operation, elements, seconds, device_seconds });
    }
    Ok(rates)
}
