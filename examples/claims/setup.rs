//! Code that the experiments share.

use std::path::PathBuf;

use demo::network::kernels::{Loss, Optimizer};
use demo::network::text::Hidden;
use demo::network::trainer::{Pace, Samples, Trainer};
use demo::network::{IDENTITY, Network, Plan, digits, text};
use wgpu_relu::{Activation, Gpu, Init};

use crate::Outcome;
use crate::plot::Point;

pub(crate) struct Setup {
    pub(crate) gpu: Gpu,
    pub(crate) seeds: u64,
    pub(crate) steps: u64,
    pub(crate) out: PathBuf,
}

/// A network for the digits, before its training.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) activation: Hidden,
    /// Hidden layers, and units of each.
    pub(crate) depth: usize,
    pub(crate) width: usize,
    pub(crate) init: Init,
    pub(crate) bias: f32,
    pub(crate) optimizer: Optimizer,
    pub(crate) rate: f64,
    pub(crate) batch: usize,
}

impl Start {
    /// He's weights for the activation, and Adam.
    pub(crate) fn new(activation: Activation, depth: usize) -> Self {
        Start {
            activation: Hidden::Fixed(activation),
            depth,
            width: 64,
            init: Init::he(activation),
            bias: 0.0,
            optimizer: Optimizer::Adam,
            rate: 1e-3,
            batch: 64,
        }
    }
}

impl Setup {
    /// A trainer at its first step, and the samples for the test.
    pub(crate) fn trainer(&self, start: &Start, seed: u64) -> Outcome<(Trainer, Samples)> {
        let [train, test] = digits::load()?.split(0.8, seed);
        let mut widths = vec![digits::PIXELS];
        widths.extend(vec![start.width; start.depth]);
        widths.push(digits::CLASSES);
        // If a claim is about one distribution, the last layer has it too.
        let last = match start.init {
            Init::HeNormal { .. } => text::init("he", IDENTITY)?,
            other => other,
        };
        let plan = Plan {
            widths,
            hidden: vec![start.activation],
            output: IDENTITY,
            loss: Loss::CrossEntropy,
            optimizer: start.optimizer,
            init: [start.init, last],
            bias: start.bias,
            batch: start.batch,
            seed,
        };
        let pace = Pace { rate: start.rate, until: None };
        Ok((Trainer::new(Network::new(&self.gpu, plan)?, train, pace)?, test))
    }

    /// Trains, and calls `measure` at the start and then at equal distances.
    pub(crate) fn watch<const N: usize>(
        &self,
        start: &Start,
        seed: u64,
        mut measure: impl FnMut(&Trainer, &Samples) -> Outcome<[f64; N]>,
    ) -> Outcome<Vec<(f64, [f64; N])>> {
        let (mut trainer, test) = self.trainer(start, seed)?;
        let every = self.steps / 20;
        let mut found = vec![(0.0, measure(&trainer, &test)?)];
        for step in 1..=self.steps {
            trainer.step()?;
            if step.is_multiple_of(every) {
                found.push((step as f64, measure(&trainer, &test)?));
            }
        }
        Ok(found)
    }

    /// One run per seed.
    pub(crate) fn each_seed<T>(&self, run: impl FnMut(u64) -> Outcome<T>) -> Outcome<Vec<T>> {
        (0..self.seeds).map(run).collect()
    }
}

/// The mean of runs over the same x, and their range.
pub(crate) fn means(runs: &[Vec<(f64, f64)>]) -> Vec<Point> {
    let points = 0..runs.first().map_or(0, Vec::len);
    let point = |index: usize| {
        let all: Vec<f64> = runs.iter().map(|run| run[index].1).collect();
        let range = all
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &y| [low.min(y), high.max(y)]);
        let y = all.iter().sum::<f64>() / all.len() as f64;
        Point { x: runs[0][index].0, y, spread: Some(range) }
    };
    points.map(point).collect()
}

/// The same with geometric means, for magnitudes.
pub(crate) fn geometric_means(runs: &[Vec<(f64, f64)>]) -> Vec<Point> {
    let logarithms: Vec<Vec<_>> =
        runs.iter().map(|run| run.iter().map(|&(x, y)| (x, y.ln())).collect()).collect();
    let point = |point: Point| Point {
        y: point.y.exp(),
        spread: point.spread.map(|range| range.map(f64::exp)),
        ..point
    };
    means(&logarithms).into_iter().map(point).collect()
}

/// The last value of a line with its range, in percent.
pub(crate) fn last_percent(points: &[Point]) -> String {
    let Some(Point { y, spread: Some([low, high]), .. }) = points.last() else {
        return String::new();
    };
    format!("{:5.1} % ({:.1} to {:.1})", 100.0 * y, 100.0 * low, 100.0 * high)
}
