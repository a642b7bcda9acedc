//! Runs all variants of all functions over all inputs.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wgpu_relu::{Activation, Tolerance, reference};

use crate::builds::Variant;
use crate::inputs::Inputs;
use crate::modules::Form;
use crate::worker::{Worker, canonical};
use crate::{Outcome, in_threads};

/// Two functions, and their inputs.
pub(crate) struct Job {
    pub(crate) activation: Activation,
    pub(crate) form: Form,
    /// The module that has the functions.
    pub(crate) module: usize,
    pub(crate) inputs: Inputs,
}

impl Job {
    /// The number of a function in the harness.
    pub(crate) fn probe(&self, kind: Kind) -> usize {
        self.module * KINDS.len() + kind as usize
    }

    /// A row of the table: all parameters of an activation, or all activations in another form.
    pub(crate) fn group(&self) -> &'static str {
        match self.form {
            Form::Alone => self.activation.name(),
            Form::WithSums => "any between sums",
            Form::Gated => "any as a gate",
            Form::RandomSlopes => "rrelu with random slopes",
            Form::Naive(_) => "naive",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let activation = self.activation;
        match self.form {
            Form::Alone => write!(f, "{activation}"),
            Form::WithSums => write!(f, "{activation} of x + dy, and x added"),
            Form::Gated => write!(f, "{activation} as a gate"),
            Form::RandomSlopes => write!(f, "{activation} with a random slope by dy"),
            Form::Naive(expression) => write!(f, "{expression}"),
        }
    }
}

/// A value or a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    Gradient,
}

impl Kind {
    pub(crate) fn tolerance(self, activation: Activation) -> Tolerance {
        match self {
            Kind::Value => activation.value_tolerance(),
            Kind::Gradient => activation.gradient_tolerance(),
        }
    }
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

/// The findings about one function in one variant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Finding {
    pub(crate) count: u64,
    /// The number of results that differ from the strict build.
    pub(crate) differing: u64,
    /// The result with the largest error, among those that differ if there are any.
    pub(crate) worst: Option<Sample>,
    /// The largest error where the exact result is below the normal numbers, in units of the smallest number; the
    /// reference takes such errors for 0.
    pub(crate) subnormal: f64,
}

impl Finding {
    fn note(&mut self, sample: Sample) {
        if self.worst.is_none_or(|worst| sample.ulp > worst.ulp) {
            self.worst = Some(sample);
        }
    }

    fn note_subnormal(&mut self, activation: Activation, kind: Kind, sample: &Sample) {
        let [x, dy, got] = [sample.x, sample.dy, sample.got].map(f32::from_bits);
        // A result that is far larger is counted by the reference, and a large dy would enlarge the error.
        if dy.abs() <= 1.0 && got.abs() <= 2.0 * f32::MIN_POSITIVE {
            let exact = match kind {
                Kind::Value => reference::value(activation, x),
                Kind::Gradient => reference::gradient_value(activation, x, dy),
            };
            if exact.abs() < f64::from(f32::MIN_POSITIVE) {
                let error = (f64::from(got) - exact).abs() / f64::from(f32::from_bits(1));
                self.subnormal = self.subnormal.max(error);
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Finding) {
        self.count += other.count;
        self.differing += other.differing;
        self.subnormal = self.subnormal.max(other.subnormal);
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

/// All jobs in all variants.
pub(crate) fn run(jobs: &[Job], variants: &[Variant], threads: usize) -> Outcome<Findings> {
    let pieces: Vec<(usize, usize)> = jobs
        .iter()
        .enumerate()
        .flat_map(|(index, job)| (0..job.inputs.pieces()).map(move |piece| (index, piece)))
        .collect();
    let empty = || vec![Finding::default(); variants.len()];
    let findings: Mutex<Findings> = Mutex::new(jobs.iter().map(|_| [empty(), empty()]).collect());
    let next = AtomicUsize::new(0);
    let work = || -> Outcome<()> {
        let mut workers = variants.iter().map(Worker::start).collect::<Outcome<Vec<_>>>()?;
        while let Some(&(index, piece)) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (x, dy) = jobs[index].inputs.piece(piece);
            for kind in KINDS {
                let found = examine(&jobs[index], kind, &mut workers, &x, &dy)?;
                let mut all = findings.lock().map_err(|_| "a thread has failed")?;
                for (sum, found) in all[index][kind as usize].iter_mut().zip(&found) {
                    sum.merge(found);
                }
            }
        }
        Ok(())
    };
    in_threads(threads, &|| work().map_err(|error| error.to_string()))?;
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
    let probe = job.probe(kind);
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
            // Only the strict results are all compared with the reference.
            if index == 0 || got != strict {
                let mut sample = Sample { x: x[i], dy: dy[i], strict, got, ulp: 0.0 };
                if job.form == Form::Alone {
                    sample.ulp = error(job.activation, kind, &sample);
                    finding.note_subnormal(job.activation, kind, &sample);
                }
                finding.differing += u64::from(got != strict);
                finding.note(sample);
            }
        }
        findings.push(finding);
    }
    Ok(findings)
}

/// The error of a result.
fn error(activation: Activation, kind: Kind, sample: &Sample) -> f64 {
    let [x, dy, got] = [sample.x, sample.dy, sample.got].map(f32::from_bits);
    let exactly = |expected: Vec<f32>| match canonical(expected[0].to_bits()) == sample.got {
        true => 0.0,
        false => f64::INFINITY,
    };
    match (kind, kind.tolerance(activation)) {
        (Kind::Value, Tolerance::Bits) => exactly(reference::forward(activation, &[x])),
        (Kind::Gradient, Tolerance::Bits) => exactly(reference::gradient(activation, &[x], &[dy])),
        (Kind::Value, _) => reference::value_ulp_error(activation, x, got),
        (Kind::Gradient, _) => reference::gradient_ulp_error(activation, x, dy, got),
    }
}
