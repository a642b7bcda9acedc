//! Timing in rounds that take turns.

use indicatif::ProgressBar;
use testkit::bench::{Operation, Operator, Setup};
use wgpu_relu::{Activation, Gpu};

use crate::{Outcome, progress};

/// The time that an operation runs per round, unless one run takes longer.
const ROUND_SECONDS: f64 = 0.02;

/// The most runs per round.
const MOST_RUNS: f64 = 4096.0;

/// The median of an operation at a size.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    pub(super) operation: Operation,
    pub(super) elements: usize,
    pub(super) seconds: f64,
}

impl Rate {
    /// Bytes read and written.
    pub(super) fn bytes(&self) -> u64 {
        self.operation.bytes(self.elements)
    }

    pub(super) fn bytes_per_second(&self) -> f64 {
        self.bytes() as f64 / self.seconds
    }
}

/// Times the copy and all activations at all sizes. Sizes that do not fit into the device's memory are left out, with a
/// note.
pub(super) fn all(
    gpu: &Gpu,
    activations: &[Activation],
    elements: &[usize],
    rounds: u32,
) -> Outcome<Vec<Rate>> {
    let operators = activations.iter().flat_map(|&activation| {
        Operator::ALL.map(|operator| Operation::Operator(activation, operator))
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
            Err(error) => bar.suspend(|| eprintln!("note: {elements} elements left out: {error}")),
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
        progress::go_on()?;
        // The first run compiles.
        setup.time(operation, 1)?;
        let seconds = setup.time(operation, 4)?.as_secs_f64() / 4.0;
        runs.push((ROUND_SECONDS / seconds.max(1e-9)).clamp(1.0, MOST_RUNS) as u64);
    }
    let mut samples = vec![Vec::new(); operations.len()];
    for _ in 0..rounds {
        for ((&operation, samples), &runs) in operations.iter().zip(&mut samples).zip(&runs) {
            progress::go_on()?;
            samples.push(setup.time(operation, runs)?.as_secs_f64() / runs as f64);
            bar.inc(1);
        }
    }
    let mut rates = Vec::new();
    for (&operation, mut samples) in operations.iter().zip(samples) {
        progress::go_on()?;
        setup.verify(operation).map_err(|error| format!("{error}; `wgpu-relu check` says more"))?;
        bar.inc(1);
        samples.sort_by(f64::total_cmp);
        rates.push(Rate { operation, elements, seconds: samples[samples.len() / 2] });
    }
    Ok(rates)
}
