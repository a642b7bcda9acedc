//! A network over other inputs than its batch: the same parameters, forward only.

use wgpu_relu::{Fusion, Gpu, GpuPrelu, GpuRelu, Result, wgpu};

use super::kernels::{Matrix, Step};
use super::{IDENTITY, Network};

/// The outputs of all layers for fixed inputs, with the network's parameters of the moment.
pub struct Probe {
    pub points: usize,
    /// Per layer, `[points, outputs]`.
    pub outputs: Vec<wgpu::Buffer>,
    steps: Vec<Step>,
}

impl Probe {
    /// Uploads `inputs`, rows as wide as the network's.
    pub fn new(network: &Network, inputs: &[f32]) -> Result<Self> {
        let (gpu, kernels) = (&network.gpu, &network.kernels);
        let width = network.plan.widths[0];
        let points = inputs.len() / width;
        let inputs = gpu.upload(inputs)?;
        let (mut outputs, mut steps) = (Vec::new(), Vec::new());
        let mut x = Matrix::new(&inputs, points, width);
        for layer in &network.layers {
            let zeros = |gpu: &Gpu| gpu.zeros::<f32>((points * layer.outputs) as u64);
            let (z, y) = (zeros(gpu)?, zeros(gpu)?);
            let parameters = &network.parameters;
            let weights = Matrix::new(layer.weight_view(parameters), layer.outputs, layer.inputs);
            steps.push(kernels.product(
                x,
                weights.transposed(),
                Matrix::new(&z, points, layer.outputs),
            ));
            let bias = layer.bias_view(parameters);
            let fusion = Fusion::new().channel_bias(bias, layer.channels());
            if let Some(slopes) = layer.slope_view(parameters) {
                let sum = GpuRelu::with_activation(gpu, IDENTITY)?;
                steps.push(Step::Library(sum.prepare_fused(&z, fusion, &z)?));
                let prelu = GpuPrelu::with_channels(gpu, slopes, layer.channels());
                steps.push(Step::Library(prelu.prepare(&z, &y)?));
            } else {
                let operator = GpuRelu::with_activation(gpu, layer.activation)?;
                steps.push(Step::Library(operator.prepare_fused(&z, fusion, &y)?));
            }
            outputs.push(y);
            x = Matrix::new(&outputs[outputs.len() - 1], points, layer.outputs);
        }
        Ok(Probe { points, outputs, steps })
    }

    /// Records the outputs for the parameters of the moment.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.steps.iter().for_each(|step| step.record(pass));
    }
}
