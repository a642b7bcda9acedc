//! What a network does with all of its samples: score, statistics of units, gradients. The device reduces them, and one
//! download brings them back.

use std::ops::Range;

use wgpu_relu::{Channels, Download, Prepared, Result, Unit, View, wgpu};

use super::kernels::{Matrix, Step};
use super::probe::Probe;
use super::trainer::{Samples, Score};
use super::{ALIGNMENT, IDENTITY, Network};

/// Records and reads the figures.
pub struct Watch {
    probe: Probe,
    loss: Step,
    statistics: Vec<Prepared>,
    /// The results of the samples, the records, and copies of parameters and moments.
    figures: wgpu::Buffer,
    results: Range<usize>,
    /// Of each layer: the records of its units, and of its weights' gradient as one unit.
    records: Vec<[Range<usize>; 2]>,
    parameters: Range<usize>,
    moments: Range<usize>,
}

/// What a network has learned, to go on from it on another device.
#[derive(Debug, Clone)]
pub struct Learned {
    parameters: Vec<f32>,
    moments: Vec<f32>,
}

impl Learned {
    /// Uploads it to a network of the same plan.
    pub fn upload(&self, network: &Network) -> Result<()> {
        network.gpu.upload_into(&self.parameters, &network.parameters)?;
        network.gpu.upload_into(&self.moments, &network.moments)
    }
}

/// The figures of one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    pub score: Score,
    pub layers: Vec<LayerFigures>,
}

/// The figures of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFigures {
    pub units: Vec<Unit>,
    /// The root mean square of the weights' gradient, in the last batch.
    pub gradient: f64,
}

/// A unit is saturated if this share of its outputs is at a bound of the activation, as in the library's monitor.
const SATURATED: f64 = 0.95;

impl LayerFigures {
    /// Units whose outputs are 0 for all samples, so that no gradient reaches their weights.
    pub fn dead(&self) -> usize {
        self.units.iter().filter(|unit| unit.is_dead()).count()
    }

    pub fn saturated(&self) -> usize {
        self.units.iter().filter(|unit| is_saturated(unit)).count()
    }

    /// The standard deviation of all outputs.
    pub fn spread(&self) -> f64 {
        let all = self.units.iter().copied().reduce(|all, unit| all.merged(&unit));
        all.unwrap_or_default().variance.sqrt()
    }
}

/// Whether nearly all outputs are at a bound of the activation.
pub fn is_saturated(unit: &Unit) -> bool {
    unit.saturated_share() >= SATURATED
}

impl Watch {
    /// Watches `network` over `samples`.
    pub fn new(network: &Network, samples: &Samples) -> Result<Self> {
        let (gpu, kernels) = (&network.gpu, &network.kernels);
        let probe = Probe::new(network, &samples.inputs)?;
        let mut length = 0;
        let mut place = |elements: usize| {
            let start = length;
            length += elements.next_multiple_of(ALIGNMENT);
            start..start + elements
        };
        let record = Unit::SIZE as usize / 4;
        let results = place(2 * probe.points);
        let records: Vec<_> = network
            .layers
            .iter()
            .map(|layer| [place(record * layer.outputs), place(record)])
            .collect();
        let [parameters, moments] =
            [&network.parameters, &network.moments].map(|buffer| place(buffer.size() as usize / 4));
        let figures = gpu.zeros::<f32>(length as u64)?;

        let targets = gpu.upload(&samples.targets)?;
        let outputs = samples.widths[1];
        let dy = gpu.zeros::<f32>((probe.points * outputs) as u64)?;
        let y = Matrix::new(&probe.outputs[probe.outputs.len() - 1], probe.points, outputs);
        let loss = kernels.loss(network.plan.loss, y, &targets, &dy, view(&figures, &results));
        let mut statistics = Vec::new();
        for ((layer, y), [units, gradient]) in
            network.layers.iter().zip(&probe.outputs).zip(&records)
        {
            let units = view(&figures, units);
            statistics.push(gpu.prepare_units(y, layer.channels(), layer.activation, units)?);
            let weights = layer.weight_view(&network.gradients);
            let one = Channels::last(1);
            statistics.push(gpu.prepare_units(weights, one, IDENTITY, view(&figures, gradient))?);
        }
        Ok(Watch { probe, loss, statistics, figures, results, records, parameters, moments })
    }

    /// Records the figures for the parameters and gradients of the moment, and copies the parameters and moments.
    pub fn record(&self, network: &Network, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.probe.record(&mut pass);
        self.loss.record(&mut pass);
        self.statistics.iter().for_each(|step| step.record(&mut pass));
        drop(pass);
        for (from, to) in
            [(&network.parameters, &self.parameters), (&network.moments, &self.moments)]
        {
            encoder.copy_buffer_to_buffer(from, 0, &self.figures, 4 * to.start as u64, from.size());
        }
    }

    /// Starts to read the figures that were submitted last.
    pub fn download(&self, network: &Network) -> Download {
        network.gpu.download_async(&self.figures)
    }

    /// The parameters and moments in what [`Watch::download`] has brought.
    pub fn learned(&self, values: &[f32]) -> Learned {
        let part = |range: &Range<usize>| values[range.clone()].to_vec();
        Learned { parameters: part(&self.parameters), moments: part(&self.moments) }
    }

    /// The figures in what [`Watch::download`] has brought.
    pub fn figures(&self, values: &[f32]) -> Figures {
        let layer = |[units, gradient]: &[Range<usize>; 2]| {
            let gradient = Unit::from_records(&values[gradient.clone()]);
            let square =
                gradient.iter().map(|unit| unit.variance + unit.mean * unit.mean).sum::<f64>();
            let units = Unit::from_records(&values[units.clone()]);
            LayerFigures { units, gradient: square.sqrt() }
        };
        Figures {
            score: Score::of(&values[self.results.clone()]),
            layers: self.records.iter().map(layer).collect(),
        }
    }
}

fn view<'a>(buffer: &'a wgpu::Buffer, range: &Range<usize>) -> View<'a> {
    View::elements::<f32>(buffer, range.start as u64, range.len() as u64)
}
