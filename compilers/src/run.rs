//! Runs all variants of all functions over all inputs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wgpu_relu::{Activation, reference};

use crate::Outcome;
use crate::builds::Variant;
use crate::inputs::{self, Inputs};
use crate::worker::Worker;

/// An activation with its parameters, and the module that has its functions.
pub(crate) struct Job {
    pub(crate) activation: Activation,
    pub(crate) module: usize,
}

/// A value or a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    Gradient,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Value, Kind::Gradient];

/// One result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) x: u32,
    pub(crate) dy: u32,
    pub(crate) strict: u32,
    pub(crate) got: u32,
    pub(crate) ulp: f64,
}

/// What is known of one function in one variant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Finding {
    pub(crate) count: u64,
    /// Results other than those of the strict build.
    pub(crate) differing: u64,
    /// The result with the largest error; of those that differ, where any does.
    pub(crate) worst: Option<Sample>,
}

impl Finding {
    fn note(&mut self, sample: Sample) {
        if self.worst.is_none_or(|worst| sample.ulp > worst.ulp) {
            self.worst = Some(sample);
        }
    }

    pub(crate) fn merge(&mut self, other: &Finding) {
        self.count += other.count;
        self.differing += other.differing;
        if let Some(sample) = other.worst {
            self.note(sample);
        }
    }

    pub(crate) fn ulp(&self) -> f64 {
        self.worst.map_or(0.0, |worst| worst.ulp)
    }
}

/// Findings by job, kind and variant.
pub(crate) type Findings = Vec<[Vec<Finding>; 2]>;

pub(crate) fn run(
    jobs: &[Job],
    variants: &[Variant],
    stride: u64,
    sparser: u64,
    threads: usize,
) -> Outcome<Findings> {
    let activations: Vec<Activation> = jobs.iter().map(|job| job.activation).collect();
    let dense = inputs::specials(&activations, false);
    let coarse = inputs::specials(&activations, true);
    let inputs: Vec<Inputs<'_>> = jobs
        .iter()
        .map(|job| match Activation::ALL.contains(&job.activation) {
            true => Inputs { stride, specials: &dense },
            // A power of two as the factor keeps the stride odd or not, as it was given.
            false if stride > 1 => Inputs { stride: stride * sparser + 2, specials: &coarse },
            false => Inputs { stride: 1021, specials: &coarse },
        })
        .collect();
    let pieces: Vec<(usize, usize)> = inputs
        .iter()
        .enumerate()
        .flat_map(|(job, inputs)| (0..inputs.pieces()).map(move |piece| (job, piece)))
        .collect();
    let empty = || vec![Finding::default(); variants.len()];
    let findings: Mutex<Findings> = Mutex::new(jobs.iter().map(|_| [empty(), empty()]).collect());
    let next = AtomicUsize::new(0);
    let work = || -> Outcome<()> {
        let mut workers = variants.iter().map(Worker::start).collect::<Outcome<Vec<_>>>()?;
        while let Some(&(job, piece)) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (x, dy) = inputs[job].piece(piece);
            for kind in KINDS {
                let found = examine(&jobs[job], kind, &mut workers, &x, &dy)?;
                let mut all = findings.lock().map_err(|_| "a thread has failed")?;
                for (sum, found) in all[job][kind as usize].iter_mut().zip(&found) {
                    sum.merge(found);
                }
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| work().map_err(|error| error.to_string())))
            .collect();
        started.into_iter().try_for_each(|thread| match thread.join() {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err("a thread has failed".into()),
        })
    })
    .map_err(|error: Box<dyn std::error::Error>| error)?;
    Ok(findings.into_inner().map_err(|_| "a thread has failed")?)
}

/// All variants of one function over a piece of the inputs.
fn examine(
    job: &Job,
    kind: Kind,
    workers: &mut [Worker],
    x: &[u32],
    dy: &[u32],
) -> Outcome<Vec<Finding>> {
    let probe = job.module * KINDS.len() + kind as usize;
    let parameters = job.activation.uniform();
    let (mut strict, mut results) = (Vec::new(), Vec::new());
    let mut findings = Vec::new();
    for (index, worker) in workers.iter_mut().enumerate() {
        let mut finding = Finding { count: x.len() as u64, ..Default::default() };
        worker.run(probe, parameters, x, dy, &mut results)?;
        if index == 0 {
            strict.clone_from(&results);
        }
        for (i, (&got, &strict)) in results.iter().zip(&strict).enumerate() {
            // The strict results are the only ones that all are held to the reference.
            if index == 0 || got != strict {
                let ulp = error(job.activation, kind, x[i], dy[i], got);
                finding.differing += u64::from(got != strict);
                finding.note(Sample { x: x[i], dy: dy[i], strict, got, ulp });
            }
        }
        findings.push(finding);
    }
    Ok(findings)
}

/// How far a result is from the reference.
fn error(activation: Activation, kind: Kind, x: u32, dy: u32, got: u32) -> f64 {
    let [x, dy, got] = [x, dy, got].map(f32::from_bits);
    match kind {
        Kind::Value => reference::value_ulp_error(activation, x, got),
        Kind::Gradient => reference::gradient_ulp_error(activation, x, dy, got),
    }
}
