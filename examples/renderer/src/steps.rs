//! The activations of a canvas, prepared for recording.

use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared, View};

use crate::bands::Band;
use crate::canvas::Canvas;
use crate::error::Result;
use crate::network::Network;

/// In place, after each product.
pub(crate) struct Steps {
    /// The steps of each hidden layer, for each size of band.
    hidden: Vec<Vec<(u32, Prepared)>>,
    /// The step of the whole picture.
    pub(crate) output: Prepared,
}

impl Steps {
    pub(crate) fn new(
        gpu: &Gpu,
        network: &Network,
        canvas: &Canvas,
        activation: Activation,
    ) -> Result<Self> {
        let relu = GpuRelu::with_activation(gpu, activation)?;
        // Full bands, and the last one.
        let mut sizes: Vec<u32> = canvas.bands.iter().map(|band| band.quads).collect();
        sizes.dedup();
        let prepare = |layer: usize, quads: u32| {
            let elements = 4 * network.layers[layer].outputs as u64 * u64::from(quads);
            let units = View::elements::<f32>(&canvas.layers[layer % 2], 0, elements);
            Ok((quads, relu.prepare(units, units)?))
        };
        let hidden = (0..network.layers.len() - 1)
            .map(|layer| sizes.iter().map(|&quads| prepare(layer, quads)).collect());
        let hidden = hidden.collect::<Result<_>>()?;
        let output = GpuRelu::with_activation(gpu, network.output)?;
        let output = output.prepare(&canvas.picture, &canvas.picture)?;
        Ok(Steps { hidden, output })
    }

    /// The step of a band's layer.
    pub(crate) fn hidden(&self, layer: usize, band: Band) -> impl Iterator<Item = &Prepared> {
        self.hidden[layer]
            .iter()
            .filter(move |(quads, _)| *quads == band.quads)
            .map(|(_, step)| step)
    }

    /// Changes the hidden layers' parameters.
    pub(crate) fn set_activation(&self, activation: Activation) -> Result<()> {
        for (_, step) in self.hidden.iter().flatten() {
            step.set_activation(activation)?;
        }
        Ok(())
    }
}
