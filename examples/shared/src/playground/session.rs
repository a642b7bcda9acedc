//! A network, its samples, and what is seen of it while it learns.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wgpu_relu::{Download, Gpu, Result};

use super::sets::{self, Point, Set};
use super::settings::Settings;
use crate::network::Network;
use crate::network::probe::Probe;
use crate::network::trainer::{Pace, Trainer};
use crate::network::watch::{Figures, Learned, Watch};

/// Points per side of the grid on which surfaces are computed.
pub const SIDE: usize = 40;
/// The grid reaches from -REACH to REACH.
pub const REACH: f32 = 1.2;

/// Loss and accuracy after some steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub step: u64,
    pub loss: f64,
    pub accuracy: f64,
}

/// A network that learns.
pub struct Session {
    pub settings: Settings,
    pub points: Vec<Point>,
    pub trainer: Trainer,
    /// All layers' outputs on the grid, the first row at the top.
    pub grid: Probe,
    pub history: Vec<Moment>,
    pub figures: Option<Figures>,
    watch: Watch,
    /// What the network had learned at the last figures, and their step.
    learned: Option<(u64, Learned)>,
    /// The step of the figures under way, and they.
    pending: Option<(u64, Download)>,
}

/// The most moments to keep. Beyond, every other one goes.
const MOMENTS: usize = 512;

impl Session {
    /// Draws the initial weights and the points.
    pub fn new(gpu: &Gpu, settings: Settings) -> Result<Self> {
        let points = match settings.set {
            Set::Painted if !settings.painted.is_empty() => settings.painted.clone(),
            // Until there are points, a network needs one to be made for.
            Set::Painted => vec![Point { at: [0.0; 2], class: 0 }],
            set => sets::points(set, settings.noise, settings.seed)?,
        };
        let samples = sets::samples(&points);
        let network = Network::new(gpu, settings.plan(settings.batch.clamp(1, samples.count())))?;
        let grid = Probe::new(&network, &grid())?;
        let watch = Watch::new(&network, &samples)?;
        let pace = Pace { rate: settings.rate.into(), until: None };
        let trainer = Trainer::new(network, samples, pace)?;
        let (history, figures, learned, pending) = (Vec::new(), None, None, None);
        Ok(Session { settings, points, trainer, grid, history, figures, watch, learned, pending })
    }

    /// The same session on another device, after the step of the last figures. All later steps are lost.
    pub fn again(&self, gpu: &Gpu) -> Result<Self> {
        let mut session = Session::new(gpu, self.settings.clone())?;
        if let Some((step, learned)) = &self.learned {
            learned.upload(&session.trainer.network)?;
            session.trainer.resume(*step)?;
            session.learned = self.learned.clone();
            session.history.clone_from(&self.history);
            session.figures.clone_from(&self.figures);
        }
        Ok(session)
    }

    /// Submits one step.
    pub fn step(&mut self) -> Result<()> {
        self.trainer.step()
    }

    /// Computes the surfaces, and starts to read the figures unless some are under way.
    pub fn look(&mut self) -> Result<()> {
        let network = &self.trainer.network;
        let mut encoder = network.gpu.device().create_command_encoder(&Default::default());
        self.grid.record(&mut encoder.begin_compute_pass(&Default::default()));
        let reads = self.pending.is_none();
        if reads {
            self.watch.record(network, &mut encoder);
        }
        network.gpu.queue().submit([encoder.finish()]);
        if reads {
            self.pending = Some((self.trainer.steps, self.watch.download(network)));
        }
        Ok(())
    }

    /// Whether figures are under way.
    pub fn is_reading(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes the figures, if they have arrived. Returns whether they have.
    pub fn poll(&mut self) -> Result<bool> {
        let Some((step, download)) = &mut self.pending else { return Ok(false) };
        let step = *step;
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(values) = Pin::new(download).poll(&mut context) else { return Ok(false) };
        self.pending = None;
        let values = values?;
        let figures = self.watch.figures(&values);
        self.learned = Some((step, self.watch.learned(&values)));
        let (loss, accuracy) = (figures.score.loss, figures.score.accuracy);
        if self.history.last().is_none_or(|last| last.step < step) {
            self.history.push(Moment { step, loss, accuracy });
        }
        if self.history.len() > MOMENTS {
            let mut index = 0;
            self.history.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        self.figures = Some(figures);
        // Steps that were taken while these figures were under way have none yet.
        if step < self.trainer.steps {
            self.look()?;
        }
        Ok(true)
    }

    /// Waits for the figures of now.
    #[cfg(test)]
    pub(crate) fn figures_now(&mut self) -> Result<Figures> {
        self.pending = None;
        self.look()?;
        while !self.poll()? {
            let wait = wgpu_relu::wgpu::PollType::Wait { submission_index: None, timeout: None };
            // A lost device ends the download with its error.
            let _ = self.trainer.network.gpu.device().poll(wait);
        }
        Ok(self.figures.clone().unwrap_or_default())
    }
}

/// The grid's points, row by row from the top.
fn grid() -> Vec<f32> {
    let at = |index: usize| REACH * (2.0 * (index as f32 + 0.5) / SIDE as f32 - 1.0);
    (0..SIDE * SIDE).flat_map(|index| [at(index % SIDE), -at(index / SIDE)]).collect()
}

#[cfg(test)]
mod tests {
    use wgpu_relu::Activation;

    use super::super::settings::{Initial, Layer, Rule};
    use super::*;
    use crate::network::text::Hidden;

    fn after(gpu: &Gpu, settings: &Settings, steps: u64) -> Session {
        let mut session = Session::new(gpu, settings.clone()).unwrap();
        (0..steps).for_each(|_| session.step().unwrap());
        session
    }

    #[test]
    fn every_optimiser_learns_with_other_activations_per_layer() {
        let gpu = Gpu::new().unwrap();
        let layers = [
            (16, Hidden::Fixed(Activation::Gelu)),
            (8, Hidden::Prelu),
            (8, Hidden::Fixed(Activation::Tanh)),
        ];
        let layers: Vec<_> = layers.map(|(units, activation)| Layer { units, activation }).to_vec();
        for (rule, rate) in [(Rule::Sgd, 0.3), (Rule::Momentum, 0.05), (Rule::Adam, 0.01)] {
            let settings = Settings {
                set: Set::Xor,
                rule,
                rate,
                layers: layers.clone(),
                ..Default::default()
            };
            let before = after(&gpu, &settings, 0).figures_now().unwrap();
            let figures = after(&gpu, &settings, 200).figures_now().unwrap();
            assert!(before.score.accuracy < 0.8, "{rule:?}: {:?}", before.score);
            assert!(figures.score.accuracy > 0.95, "{rule:?}: {:?}", figures.score);
            assert!(figures.layers.iter().all(|layer| layer.gradient > 0.0), "{rule:?}");
        }
    }

    #[test]
    fn the_figures_are_those_of_the_downloaded_outputs() {
        let gpu = Gpu::new().unwrap();
        let settings = Settings { initial: Initial::Xavier, ..Default::default() }.with_layers(
            2,
            12,
            Hidden::Fixed(Activation::Relu),
        );
        let mut session = after(&gpu, &settings, 5);
        let figures = session.figures_now().unwrap();
        let network = &session.trainer.network;
        let inputs: Vec<f32> = session.points.iter().flat_map(|point| point.at).collect();
        let probe = Probe::new(network, &inputs).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        probe.record(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);
        for (layer, y) in figures.layers.iter().zip(&probe.outputs) {
            let y = gpu.download(y).unwrap();
            let mean = y.iter().map(|&y| f64::from(y)).sum::<f64>() / y.len() as f64;
            let variance =
                y.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>() / y.len() as f64;
            let (found, exact) = (layer.spread(), variance.sqrt());
            assert!((found - exact).abs() < 1e-4 * exact, "{found} is not {exact}");
            let width = layer.units.len();
            let dead =
                (0..width).filter(|unit| y.iter().skip(*unit).step_by(width).all(|&y| y == 0.0));
            assert_eq!(layer.dead(), dead.count());
        }
        let gradients = network.tensors(&network.gradients).unwrap();
        for (layer, tensors) in figures.layers.iter().zip(gradients) {
            let squares = tensors[0].iter().map(|&g| f64::from(g).powi(2)).sum::<f64>();
            let exact = (squares / tensors[0].len() as f64).sqrt();
            assert!(
                (layer.gradient - exact).abs() < 1e-4 * exact,
                "{} is not {exact}",
                layer.gradient
            );
        }
    }

    #[test]
    fn a_session_goes_on_with_the_same_bits_after_its_device_is_lost() {
        let layers = [Hidden::Prelu, Hidden::Fixed(Activation::Gelu)];
        let layers: Vec<_> = layers.map(|activation| Layer { units: 8, activation }).to_vec();
        for rule in Rule::ALL {
            let settings =
                Settings { set: Set::Circle, rule, layers: layers.clone(), ..Default::default() };
            let whole = after(&Gpu::new().unwrap(), &settings, 60).figures_now().unwrap();
            let first = Gpu::new().unwrap();
            let mut session = after(&first, &settings, 43);
            session.figures_now().unwrap();
            // These steps have no figures, so they are lost.
            (0..5).for_each(|_| session.step().unwrap());
            first.device().destroy();
            assert!(session.step().is_err(), "the device is not lost");
            let mut session = session.again(&Gpu::new().unwrap()).unwrap();
            assert_eq!(session.trainer.steps, 43, "{rule:?}");
            assert_eq!(session.history.last().map(|moment| moment.step), Some(43));
            (0..17).for_each(|_| session.step().unwrap());
            assert_eq!(session.figures_now().unwrap(), whole, "{rule:?}");
        }
    }

    #[test]
    fn one_point_or_none_can_be_learned() {
        let gpu = Gpu::new().unwrap();
        let painted = vec![Point { at: [0.5; 2], class: 1 }];
        for painted in [Vec::new(), painted] {
            let settings = Settings { set: Set::Painted, painted, ..Default::default() };
            let mut session = after(&gpu, &settings, 30);
            assert_eq!(session.figures_now().unwrap().score.accuracy, 1.0);
        }
    }
}
