//! Steps, epochs and scores.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use wgpu_relu::{Result, wgpu};

use super::Network;

/// Samples and their targets, one row each.
#[derive(Debug, Clone)]
pub struct Samples {
    pub inputs: Vec<f32>,
    pub targets: Vec<f32>,
    /// Numbers per row.
    pub widths: [usize; 2],
}

impl Samples {
    pub fn count(&self) -> usize {
        self.inputs.len() / self.widths[0]
    }

    /// These samples, in this order.
    pub fn chosen(&self, order: &[usize]) -> Samples {
        let rows = |values: &[f32], width: usize| -> Vec<f32> {
            order.iter().flat_map(|&i| &values[i * width..][..width]).copied().collect()
        };
        let inputs = rows(&self.inputs, self.widths[0]);
        Samples { inputs, targets: rows(&self.targets, self.widths[1]), widths: self.widths }
    }

    /// Shuffles by the seed and cuts in two: first `share` of the samples, then the rest.
    pub fn split(&self, share: f64, seed: u64) -> [Samples; 2] {
        let mut order: Vec<usize> = (0..self.count()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        let (first, rest) = order.split_at((share * self.count() as f64).round() as usize);
        [self.chosen(first), self.chosen(rest)]
    }
}

/// Mean loss and hits, over some samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    pub loss: f64,
    /// The share of samples whose largest output is the target's.
    pub accuracy: f64,
}

impl Score {
    /// From pairs of a loss and a hit.
    pub fn of(results: &[f32]) -> Self {
        let count = (results.len() / 2).max(1) as f64;
        let mean = |first: usize| {
            let column = results.iter().skip(first).step_by(2);
            column.map(|&value| f64::from(value)).sum::<f64>() / count
        };
        Score { loss: mean(0), accuracy: mean(1) }
    }
}

/// The learning rate and its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub rate: f64,
    /// The step at which the rate, which falls evenly, would be 0. None: the rate is constant.
    pub until: Option<u64>,
}

/// A network and its samples. A shuffled epoch of them is on the device.
pub struct Trainer {
    pub network: Network,
    samples: Samples,
    order: Vec<usize>,
    random: StdRng,
    inputs: wgpu::Buffer,
    targets: wgpu::Buffer,
    results: wgpu::Buffer,
    pub pace: Pace,
    /// Steps done.
    pub steps: u64,
}

impl Trainer {
    pub fn new(network: Network, samples: Samples, pace: Pace) -> Result<Self> {
        let batch = network.plan.batch;
        let used = samples.count() / batch * batch;
        assert!(used > 0, "a batch of {batch} out of {} samples", samples.count());
        let zeros = |width: usize| network.gpu.upload(&vec![0.0; used * width]);
        let order = (0..samples.count()).collect();
        let random = StdRng::seed_from_u64(network.plan.seed);
        let (inputs, targets) = (zeros(samples.widths[0])?, zeros(samples.widths[1])?);
        let results = zeros(2)?;
        Ok(Trainer { network, samples, order, random, inputs, targets, results, pace, steps: 0 })
    }

    /// Steps per epoch. The samples that are left over come after the next shuffle.
    pub fn epoch(&self) -> u64 {
        (self.samples.count() / self.network.plan.batch) as u64
    }

    /// Goes on after so many steps, on another device. The caller uploads the parameters and moments of that moment.
    pub fn resume(&mut self, steps: u64) -> Result<()> {
        for _ in 0..steps.div_ceil(self.epoch()) {
            self.order.shuffle(&mut self.random);
        }
        // Otherwise the next step begins an epoch, and uploads it.
        if !steps.is_multiple_of(self.epoch()) {
            self.upload_epoch()?;
        }
        self.steps = steps;
        Ok(())
    }

    /// Uploads the samples in their order.
    fn upload_epoch(&self) -> Result<()> {
        let network = &self.network;
        let used = self.epoch() as usize * network.plan.batch;
        let epoch = self.samples.chosen(&self.order[..used]);
        network.gpu.upload_into(&epoch.inputs, &self.inputs)?;
        network.gpu.upload_into(&epoch.targets, &self.targets)
    }

    /// One step: a batch forward, backward, and down the gradient.
    pub fn step(&mut self) -> Result<()> {
        let index = self.steps % self.epoch();
        if index == 0 {
            self.order.shuffle(&mut self.random);
            self.upload_epoch()?;
        }
        let network = &self.network;
        self.steps += 1;
        let done = self.pace.until.map_or(0.0, |until| self.steps as f64 / (until + 1) as f64);
        network.set_step(self.steps, self.pace.rate * (1.0 - done).max(0.0))?;
        let device = network.gpu.device();
        let mut encoder = device.create_command_encoder(&Default::default());
        let copy = |encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, to: &wgpu::Buffer| {
            encoder.copy_buffer_to_buffer(from, index * to.size(), to, 0, to.size());
        };
        copy(&mut encoder, &self.inputs, &network.inputs);
        copy(&mut encoder, &self.targets, &network.targets);
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            network.record_gradients(&mut pass);
            network.record_update(&mut pass);
        }
        let results = &network.results;
        let size = results.size();
        encoder.copy_buffer_to_buffer(results, 0, &self.results, index * size, size);
        network.gpu.queue().submit([encoder.finish()]);
        Ok(())
    }

    /// The score of this epoch's steps so far, each before its update.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn score(&self) -> Result<Score> {
        let done = (self.steps + self.epoch() - 1) % self.epoch() + 1;
        let size = done * self.network.results.size();
        Ok(Score::of(&self.network.gpu.download(self.results.slice(..size))?))
    }

    /// The score of other samples.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn evaluate(&self, samples: &Samples) -> Result<Score> {
        evaluate(&self.network, samples).map(|(score, _)| score)
    }
}

/// The score of samples, and the network's outputs for them.
#[cfg(not(target_arch = "wasm32"))]
pub fn evaluate(network: &Network, samples: &Samples) -> Result<(Score, Vec<f32>)> {
    evaluate_watched(network, samples, || Ok(()))
}

/// The same, and calls `look` on the layers' outputs after each batch.
#[cfg(not(target_arch = "wasm32"))]
pub fn evaluate_watched(
    network: &Network,
    samples: &Samples,
    mut look: impl FnMut() -> Result<()>,
) -> Result<(Score, Vec<f32>)> {
    let (gpu, batch) = (&network.gpu, network.plan.batch);
    let (mut results, mut outputs) = (Vec::new(), Vec::new());
    let order: Vec<usize> = (0..samples.count()).collect();
    for part in order.chunks(batch) {
        // The last samples are repeated to fill the batch.
        let filled: Vec<usize> = part.iter().copied().cycle().take(batch).collect();
        let filled = samples.chosen(&filled);
        gpu.upload_into(&filled.inputs, &network.inputs)?;
        gpu.upload_into(&filled.targets, &network.targets)?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        network.record_evaluation(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);
        look()?;
        results.extend_from_slice(&gpu.download(&network.results)?[..2 * part.len()]);
        if let Some(last) = network.layers.last() {
            outputs.extend_from_slice(&gpu.download(&last.y)?[..last.outputs * part.len()]);
        }
    }
    Ok((Score::of(&results), outputs))
}
