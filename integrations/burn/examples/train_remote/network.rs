//! A network of two layers, whose parameters this program keeps and sends to each server.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use wgpu_relu_burn::{Activation, try_activate};

use crate::Outcome;
use crate::digits::{CLASSES, Digits, PIXELS};

/// The weights and biases of both layers, one after another.
#[derive(Clone, PartialEq)]
pub(crate) struct Parameters {
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

/// A gradient and a loss that a server computes. Reading them waits for it.
pub(crate) struct Pending {
    parameters: Vec<Tensor<2>>,
    loss: Tensor<1>,
    gradients: burn::tensor::Gradients,
}

impl Parameters {
    pub(crate) fn new(width: usize) -> Self {
        let mut values = Vec::new();
        for [rows, columns] in shapes(width) {
            // He's initial weights, from a generator that is the same everywhere; biases of 0.
            let scale = if rows == 1 { 0.0 } else { (6.0 / rows as f32).sqrt() };
            let mut state = 12_345_u32;
            values.extend((0..rows * columns).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 8) as f32 / 8_388_608.0 - 1.0) * scale
            }));
        }
        Parameters { width, values }
    }

    /// The parameters as tensors of a device.
    fn tensors(&self, device: &Device) -> Vec<Tensor<2>> {
        let mut rest = self.values.as_slice();
        let tensor = |shape: [usize; 2]| {
            let (values, after) = rest.split_at(shape[0] * shape[1]);
            rest = after;
            Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
        };
        shapes(self.width).map(tensor).into()
    }

    /// Queues the gradient of the mean loss over some digits.
    pub(crate) fn gradient(
        &self,
        device: &Device,
        digits: &Digits,
        batch: &[usize],
    ) -> Outcome<Pending> {
        let parameters: Vec<_> =
            self.tensors(device).into_iter().map(Tensor::require_grad).collect();
        let y = forward(&parameters, pixels(device, digits, batch))?;
        let targets = targets(device, digits, batch);
        let loss = (log_softmax(y, 1) * targets).sum() / -(batch.len() as f32);
        let gradients = loss.backward();
        Ok(Pending { parameters, loss, gradients })
    }

    /// Sends as much as a step does and reads as much, but computes nothing.
    pub(crate) fn round_trip(
        &self,
        device: &Device,
        digits: &Digits,
        batch: &[usize],
    ) -> Outcome<()> {
        let parameters = self.tensors(device);
        let sent = [pixels(device, digits, batch), targets(device, digits, batch)];
        for parameter in parameters {
            parameter.try_into_data()?;
        }
        drop(sent);
        Ok(())
    }

    /// The share of digits that the network reads right.
    pub(crate) fn accuracy(
        &self,
        device: &Device,
        digits: &Digits,
        batch: &[usize],
    ) -> Outcome<f32> {
        let y = forward(&self.tensors(device), pixels(device, digits, batch))?;
        let y: Vec<f32> = y.try_into_data()?.try_to_vec().map_err(|e| format!("{e:?}"))?;
        let right = y.chunks(CLASSES).zip(digits.labels(batch)).filter(|(row, label)| {
            let best = (0..CLASSES).max_by(|a, b| row[*a].total_cmp(&row[*b]));
            best == Some(usize::from(*label))
        });
        Ok(right.count() as f32 / batch.len() as f32)
    }
}

impl Pending {
    /// The loss, and the gradient in the order of the parameters.
    pub(crate) fn read(self) -> Outcome<(f32, Vec<f32>)> {
        let mut gradient = Vec::new();
        for parameter in &self.parameters {
            let of_parameter =
                parameter.grad(&self.gradients).ok_or("a parameter has no gradient")?;
            let values = of_parameter.try_into_data()?.try_to_vec::<f32>();
            gradient.extend(values.map_err(|error| format!("{error:?}"))?);
        }
        let loss = self.loss.try_into_data()?.try_to_vec::<f32>();
        Ok((loss.map_err(|error| format!("{error:?}"))?[0], gradient))
    }
}

/// The shapes of the parameters: weights and bias of each layer.
fn shapes(width: usize) -> [[usize; 2]; 4] {
    [[PIXELS, width], [1, width], [width, CLASSES], [1, CLASSES]]
}

fn pixels(device: &Device, digits: &Digits, batch: &[usize]) -> Tensor<2> {
    let pixels = TensorData::new(digits.pixels(batch), [batch.len(), PIXELS]);
    Tensor::from_data(pixels, device)
}

/// A row per digit, with 1 at its class.
fn targets(device: &Device, digits: &Digits, batch: &[usize]) -> Tensor<2> {
    let mut targets = vec![0f32; batch.len() * CLASSES];
    for (row, label) in targets.chunks_mut(CLASSES).zip(digits.labels(batch)) {
        row[usize::from(label)] = 1.0;
    }
    Tensor::from_data(TensorData::new(targets, [batch.len(), CLASSES]), device)
}

fn forward(parameters: &[Tensor<2>], x: Tensor<2>) -> Outcome<Tensor<2>> {
    let [weights, bias, of_classes, bias_of_classes] = parameters else {
        return Err("the network has four parameters".into());
    };
    let hidden = try_activate(x.matmul(weights.clone()) + bias.clone(), Activation::Gelu)?;
    Ok(hidden.matmul(of_classes.clone()) + bias_of_classes.clone())
}
