//! A multilayer perceptron that learns on the device, for train_digits, train_field, claims and the explorer.
//!
//! Activations, their gradients and masks, biases and initial weights come from the library. kernels.rs has the rest.

#[cfg(feature = "files")]
pub mod digits;
#[cfg(test)]
mod gradients;
pub mod kernels;
pub mod probe;
pub mod text;
pub mod trainer;
pub mod watch;
#[cfg(feature = "files")]
pub mod weights;

use kernels::{Kernels, Loss, Matrix, Optimizer, Step};
use text::Hidden;
use wgpu_relu::{
    Activation, Channels, Draw, Fusion, Gpu, GpuPrelu, GpuRelu, Init, Prepared, Result, View, wgpu,
};

/// An activation that does nothing, for outputs.
pub const IDENTITY: Activation = Activation::LeakyRelu { negative_slope: 1.0 };

/// The shape and the parts of a network.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The inputs, then the units of each layer, with the outputs last.
    pub widths: Vec<usize>,
    /// The activations of the hidden layers, in turn. The last one is also that of all further layers.
    pub hidden: Vec<Hidden>,
    pub output: Activation,
    pub loss: Loss,
    pub optimizer: Optimizer,
    /// Initial weights of the hidden layers, and of the last one.
    pub init: [Init; 2],
    /// The initial biases of the hidden layers.
    pub bias: f32,
    /// Samples per step.
    pub batch: usize,
    pub seed: u64,
}

impl Plan {
    /// The activation of a hidden layer.
    pub fn hidden(&self, layer: usize) -> Hidden {
        let last = self.hidden.last().copied();
        self.hidden.get(layer).copied().or(last).unwrap_or(Hidden::Fixed(IDENTITY))
    }
}

/// A network with its buffers, ready to record.
pub struct Network {
    pub gpu: Gpu,
    pub plan: Plan,
    pub layers: Vec<Layer>,
    /// All weights and biases. The gradients have the same order.
    pub parameters: wgpu::Buffer,
    pub gradients: wgpu::Buffer,
    /// The optimiser's: two numbers per parameter.
    pub moments: wgpu::Buffer,
    pub inputs: wgpu::Buffer,
    pub targets: wgpu::Buffer,
    /// One loss and one hit per sample.
    pub results: wgpu::Buffer,
    rule: wgpu::Buffer,
    kernels: Kernels,
    forward: Vec<Step>,
    /// Forward with mean slopes, for activations whose slopes are random in training.
    evaluation: Vec<Step>,
    loss: Step,
    backward: Vec<Step>,
    update: Step,
    /// Operations with random slopes, for a new draw in each step.
    drawn: Vec<Prepared>,
}

/// One layer: y = f(z + bias) with z = x weightsᵀ. Before a PReLU, the bias is added to z in place.
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    pub activation: Activation,
    /// The starts of its weights, `[outputs, inputs]`, and of its biases among the parameters.
    weights: u64,
    biases: u64,
    /// The start of a PReLU's slopes, one per unit.
    slopes: Option<u64>,
    z: wgpu::Buffer,
    pub y: wgpu::Buffer,
    /// The loss's gradients with respect to y and to z + bias.
    pub dy: wgpu::Buffer,
    pub dz: wgpu::Buffer,
    mask: Option<wgpu::Buffer>,
}

/// Parameters start at multiples of this many elements, so that every device can bind them.
const ALIGNMENT: usize = 64;

impl Layer {
    fn weight_view<'a>(&self, all: &'a wgpu::Buffer) -> View<'a> {
        View::elements::<f32>(all, self.weights, (self.inputs * self.outputs) as u64)
    }

    fn bias_view<'a>(&self, all: &'a wgpu::Buffer) -> View<'a> {
        View::elements::<f32>(all, self.biases, self.outputs as u64)
    }

    fn slope_view<'a>(&self, all: &'a wgpu::Buffer) -> Option<View<'a>> {
        Some(View::elements::<f32>(all, self.slopes?, self.outputs as u64))
    }

    pub fn channels(&self) -> Channels {
        Channels::last(self.outputs as u32)
    }

    fn is_drawn(&self) -> bool {
        matches!(self.activation, Activation::Rrelu { .. })
    }
}

impl Network {
    pub fn new(gpu: &Gpu, plan: Plan) -> Result<Self> {
        let zeros = |length: usize| gpu.upload(&vec![0.0; length]);
        let batch = plan.batch;
        let mut layers = Vec::new();
        let mut length = 0;
        let mut place = |elements: usize| {
            let start = length as u64;
            length += elements.next_multiple_of(ALIGNMENT);
            start
        };
        for (index, pair) in plan.widths.windows(2).enumerate() {
            let (inputs, outputs) = (pair[0], pair[1]);
            let last = index + 2 == plan.widths.len();
            let hidden = plan.hidden(index);
            let activation = if last { plan.output } else { hidden.activation() };
            let learns_slopes = !last && hidden == Hidden::Prelu;
            let elements = batch * outputs;
            let operator = GpuRelu::with_activation(gpu, activation)?;
            let mask = operator.mask_size(elements as u64).ok();
            layers.push(Layer {
                inputs,
                outputs,
                activation,
                weights: place(inputs * outputs),
                biases: place(outputs),
                slopes: learns_slopes.then(|| place(outputs)),
                z: zeros(elements)?,
                y: zeros(elements)?,
                dy: zeros(elements)?,
                dz: zeros(elements)?,
                mask: mask.map(|size| zeros(size as usize / 4)).transpose()?,
            });
        }
        let kernels = Kernels::new(gpu);
        let outputs = plan.widths.last().copied().unwrap_or(0);
        let mut network = Network {
            parameters: zeros(length)?,
            gradients: zeros(length)?,
            moments: zeros(2 * length)?,
            inputs: zeros(batch * plan.widths[0])?,
            targets: zeros(batch * outputs)?,
            results: zeros(2 * batch)?,
            rule: kernels.uniform(&[0; 4]),
            kernels,
            forward: Vec::new(),
            evaluation: Vec::new(),
            loss: Step::Library(GpuRelu::new(gpu).prepare(&layers[0].y, &layers[0].y)?),
            backward: Vec::new(),
            update: Step::Library(GpuRelu::new(gpu).prepare(&layers[0].y, &layers[0].y)?),
            drawn: Vec::new(),
            gpu: gpu.clone(),
            layers,
            plan,
        };
        network.initialise()?;
        network.prepare()?;
        Ok(network)
    }

    /// Fills the parameters with initial weights.
    fn initialise(&self) -> Result<()> {
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let shape = [layer.outputs, layer.inputs];
            let draw = Draw { seed: self.plan.seed, offset: index as u64 };
            let init = self.plan.init[usize::from(index == last)];
            let view = layer.weight_view(&self.parameters);
            if let Init::Orthogonal { .. } = init {
                let mut weights = vec![0.0; layer.outputs * layer.inputs];
                init.fill_drawn(&mut weights, &shape, draw)?;
                self.gpu.upload_into(&weights, view)?;
            } else {
                self.gpu.fill(view, init, &shape, draw)?;
            }
            let bias = Init::Constant(if index == last { 0.0 } else { self.plan.bias });
            self.gpu.fill(layer.bias_view(&self.parameters), bias, &[layer.outputs], draw)?;
            if let Some(slopes) = layer.slope_view(&self.parameters) {
                let start = Init::Constant(text::FIRST_SLOPE);
                self.gpu.fill(slopes, start, &[layer.outputs], draw)?;
            }
        }
        Ok(())
    }

    fn prepare(&mut self) -> Result<()> {
        let kernels = &self.kernels;
        let batch = self.plan.batch;
        let library = Step::Library;
        let (mut forward, mut evaluation, mut backward) = (Vec::new(), Vec::new(), Vec::new());
        let mut drawn = Vec::new();
        let mut x = Matrix::new(&self.inputs, batch, self.plan.widths[0]);
        let mut dx: Option<&wgpu::Buffer> = None;
        for layer in &self.layers {
            let (inputs, outputs) = (layer.inputs, layer.outputs);
            let of_batch = |buffer| Matrix::new(buffer, batch, outputs);
            let weights = Matrix::new(layer.weight_view(&self.parameters), outputs, inputs);
            for steps in [&mut forward, &mut evaluation] {
                steps.push(kernels.product(x, weights.transposed(), of_batch(&layer.z)));
            }

            let bias = layer.bias_view(&self.parameters);
            let fusion = Fusion::new().channel_bias(bias, layer.channels());
            let back = if let Some(slopes) = layer.slope_view(&self.parameters) {
                let prelu = GpuPrelu::with_channels(&self.gpu, slopes, layer.channels());
                let sum = GpuRelu::with_activation(&self.gpu, IDENTITY)?;
                let sum = sum.prepare_fused(&layer.z, fusion, &layer.z)?;
                let step = prelu.prepare(&layer.z, &layer.y)?;
                for steps in [&mut forward, &mut evaluation] {
                    steps.extend([sum.clone(), step.clone()].map(library));
                }
                let back = prelu.prepare_gradient(&layer.z, &layer.dy, &layer.dz)?;
                let mut steps = vec![library(back)];
                if let Some(dw) = layer.slope_view(&self.gradients) {
                    steps.push(library(prelu.prepare_weight_gradient(&layer.z, &layer.dy, dw)?));
                }
                steps
            } else {
                let mut operator = GpuRelu::with_activation(&self.gpu, layer.activation)?;
                evaluation.push(library(operator.prepare_fused(&layer.z, fusion, &layer.y)?));
                let random = layer.is_drawn();
                if random {
                    operator = operator.in_training(Draw::default())?;
                }
                let mask = layer.mask.as_ref().filter(|_| !random);
                let written = mask.map_or(fusion, |mask| fusion.mask(mask));
                let step = operator.prepare_fused(&layer.z, written, &layer.y)?;
                let (z, dy, dz) = (&layer.z, &layer.dy, &layer.dz);
                let back = match mask {
                    Some(mask) => operator.prepare_mask_gradient(mask, dy, dz)?,
                    None => operator.prepare_fused_gradient(z, dy, fusion, dz)?,
                };
                if random {
                    drawn.extend([step.clone(), back.clone()]);
                }
                forward.push(library(step));
                vec![library(back)]
            };

            // Backwards, last to first.
            let dz = of_batch(&layer.dz);
            let db = layer.bias_view(&self.gradients);
            let dw = Matrix::new(layer.weight_view(&self.gradients), outputs, inputs);
            let mut steps = back;
            steps.push(library(self.gpu.prepare_channel_sums(&layer.dz, layer.channels(), db)?));
            steps.push(kernels.product(dz.transposed(), x, dw));
            if let Some(dx) = dx {
                steps.push(kernels.product(dz, weights, Matrix::new(dx, batch, inputs)));
            }
            backward.splice(0..0, steps);
            x = of_batch(&layer.y);
            dx = Some(&layer.dy);
        }
        if let Some(dy) = dx {
            self.loss = kernels.loss(self.plan.loss, x, &self.targets, dy, (&self.results).into());
        }
        let buffers = [&self.gradients, &self.parameters, &self.moments];
        self.update = kernels.update(self.plan.optimizer, &self.rule, buffers);
        (self.forward, self.evaluation, self.backward) = (forward, evaluation, backward);
        self.drawn = drawn;
        Ok(())
    }

    /// Records the outputs, the losses and the gradients for the contents of `inputs` and `targets`.
    pub fn record_gradients(&self, pass: &mut wgpu::ComputePass<'_>) {
        let steps = self.forward.iter().chain([&self.loss]).chain(&self.backward);
        steps.for_each(|step| step.record(pass));
    }

    /// Records a step down the gradients.
    pub fn record_update(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.update.record(pass);
    }

    /// Records only the outputs and the losses.
    pub fn record_evaluation(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.evaluation.iter().chain([&self.loss]).for_each(|step| step.record(pass));
    }

    /// Sets the rate and the number of the next step. The first step is number 1.
    pub fn set_step(&self, number: u64, rate: f64) -> Result<()> {
        let (beta_1, beta_2) = (0.9, 0.999);
        let length = self.parameters.size() as u32 / 4;
        let (rate, momentum) = match self.plan.optimizer {
            Optimizer::Sgd { momentum } => (rate, momentum),
            Optimizer::Adam => {
                let corrections = |beta: f64| 1.0 - beta.powi(number.min(1 << 20) as i32);
                (rate * corrections(beta_2).sqrt() / corrections(beta_1), beta_1 as f32)
            }
        };
        let words =
            [length, (rate as f32).to_bits(), momentum.to_bits(), (beta_2 as f32).to_bits()];
        self.gpu.queue().write_buffer(&self.rule, 0, bytemuck::cast_slice(&words));
        // Offsets after those of the initial weights.
        let draw = Draw { seed: self.plan.seed, offset: (1 << 32) + number };
        self.drawn.iter().try_for_each(|prepared| prepared.set_draw(draw))
    }

    /// The parameters or the gradients, layer by layer, in the order of [`PARTS`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn tensors(&self, all: &wgpu::Buffer) -> Result<Vec<Vec<Vec<f32>>>> {
        let layer = |layer: &Layer| {
            let views =
                [Some(layer.weight_view(all)), Some(layer.bias_view(all)), layer.slope_view(all)];
            views.into_iter().flatten().map(|view| self.gpu.download(view)).collect()
        };
        self.layers.iter().map(layer).collect()
    }
}

/// The names of a layer's parameters. The slopes are those of a PReLU.
pub const PARTS: [&str; 3] = ["weight", "bias", "slope"];
