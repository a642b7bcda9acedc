//! What an activation makes of a normal input: histograms of the input, of the output and of the gradient for dy = 1.

use eframe::egui;
use egui_plot::{Line, Plot, PlotPoints};
use wgpu_relu::{Activation, Draw, Gpu, Init, Result, wgpu};

use super::samples::Arriving;

const ELEMENTS: usize = 1 << 14;
const BINS: usize = 60;
/// The histograms reach from -REACH to REACH. Values beyond count in the outermost bins.
const REACH: f32 = 3.0;

pub(super) struct Histogram {
    gpu: Gpu,
    input: Option<[wgpu::Buffer; 2]>,
    shown: Option<Activation>,
    pending: Option<[Arriving; 3]>,
    /// Shares of elements per bin.
    bins: [Vec<f64>; 3],
}

impl Histogram {
    pub(super) fn new(gpu: &Gpu) -> Self {
        Histogram {
            gpu: gpu.clone(),
            input: None,
            shown: None,
            pending: None,
            bins: Default::default(),
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes what has arrived, and computes anew for another activation.
    pub(super) fn update(&mut self, activation: Activation) -> Result<()> {
        if let Some(arriving) = &mut self.pending {
            let mut all = true;
            for one in arriving.iter_mut() {
                all &= one.poll()?;
            }
            if !all {
                return Ok(());
            }
            self.bins = [0, 1, 2].map(|index| shares(arriving[index].values()));
            self.pending = None;
        }
        if self.shown != Some(activation) {
            self.shown = Some(activation);
            let [x, ones] = match &self.input {
                Some(input) => input,
                None => self.input.insert(input(&self.gpu)?),
            };
            let operator = activation.on(&self.gpu)?;
            let (y, dx) = (operator.apply(x)?, operator.gradient(x, ones)?);
            self.pending =
                Some([x, &y, &dx].map(|buffer| Arriving::Pending(self.gpu.download_async(buffer))));
        }
        Ok(())
    }

    pub(super) fn ui(&self, ui: &mut egui::Ui) {
        ui.label("A normal input before and after, and its gradient for dy = 1");
        let plot = Plot::new("histogram")
            .height(150.0)
            .allow_drag(false)
            .allow_scroll(false)
            .allow_zoom(false);
        let plot = plot
            .legend(egui_plot::Legend::default())
            .show_grid([true, false])
            .show_axes([true, false]);
        plot.show(ui, |plot| {
            for (bins, name) in self.bins.iter().zip(["x", "f(x)", "dx"]) {
                plot.line(Line::new(name, outline(bins)).width(1.5));
            }
        });
    }
}

/// Normal numbers and ones, on the device.
fn input(gpu: &Gpu) -> Result<[wgpu::Buffer; 2]> {
    let x = gpu.zeros::<f32>(ELEMENTS as u64)?;
    gpu.fill(&x, Init::Normal { mean: 0.0, std: 1.0 }, &[ELEMENTS], Draw { seed: 1, offset: 0 })?;
    Ok([x, gpu.upload(&[1.0; ELEMENTS])?])
}

fn shares(values: &[f32]) -> Vec<f64> {
    let mut bins = vec![0.0; BINS];
    for value in values {
        let at = ((value + REACH) / (2.0 * REACH) * BINS as f32) as usize;
        bins[at.min(BINS - 1)] += 1.0 / values.len() as f64;
    }
    bins
}

/// The steps of a histogram.
fn outline(bins: &[f64]) -> PlotPoints<'static> {
    let at = |index: usize| f64::from(REACH) * (2.0 * index as f64 / BINS as f64 - 1.0);
    let steps = bins.iter().enumerate();
    steps.flat_map(|(index, &share)| [[at(index), share], [at(index + 1), share]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_halves_a_normal_input() {
        let mut histogram = Histogram::new(&Gpu::new().unwrap());
        histogram.update(Activation::Relu).unwrap();
        while histogram.is_reading() {
            histogram.update(Activation::Relu).unwrap();
            std::thread::yield_now();
        }
        let sum = |bins: &[f64]| bins.iter().sum::<f64>();
        let [x, y, dx] = &histogram.bins;
        assert!([x, y, dx].iter().all(|bins| (sum(bins) - 1.0).abs() < 1e-9));
        assert!((sum(&x[..BINS / 2]) - 0.5).abs() < 0.02);
        assert_eq!(sum(&y[..BINS / 2]), 0.0);
        let middle = (REACH + 1.0) / (2.0 * REACH) * BINS as f32;
        assert!((dx[middle as usize] - 0.5).abs() < 0.02, "half of the gradients are 1");
    }
}
