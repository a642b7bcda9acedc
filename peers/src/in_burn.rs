//! The activations in Burn.

use burn::tensor::activation as theirs;
use burn::tensor::{Device, Tensor, TensorData};
use wgpu_relu::Activation;

use crate::Outcome;

/// Burn's function of a tensor; `None` for an activation it lacks.
pub(crate) fn function(activation: Activation) -> Option<Box<dyn Fn(Tensor<1>) -> Tensor<1>>> {
    Some(match activation {
        Activation::Relu => Box::new(theirs::relu),
        Activation::Relu6 => Box::new(theirs::relu6),
        Activation::LeakyRelu { negative_slope } => {
            Box::new(move |x| theirs::leaky_relu(x, negative_slope.into()))
        }
        Activation::Elu { alpha } => Box::new(move |x| theirs::elu(x, alpha.into())),
        Activation::Celu { alpha } => Box::new(move |x| theirs::celu(x, alpha.into())),
        Activation::Selu => Box::new(theirs::selu),
        Activation::Gelu => Box::new(theirs::gelu),
        Activation::GeluTanh => Box::new(theirs::gelu_approximate),
        Activation::Silu => Box::new(theirs::silu),
        Activation::Mish => Box::new(theirs::mish),
        Activation::Softplus { beta, threshold } => {
            Box::new(move |x| theirs::softplus_with_threshold(x, beta.into(), threshold.into()))
        }
        Activation::Softsign => Box::new(theirs::softsign),
        Activation::Sigmoid => Box::new(theirs::sigmoid),
        Activation::Tanh => Box::new(theirs::tanh),
        Activation::Hardtanh { min_val, max_val } => {
            Box::new(move |x| theirs::hardtanh(x, min_val.into(), max_val.into()))
        }
        Activation::Hardsigmoid => Box::new(|x| theirs::hard_sigmoid(x, 1.0 / 6.0, 0.5)),
        Activation::Hardswish => Box::new(theirs::hard_swish),
        Activation::Hardshrink { lambda } => {
            Box::new(move |x| theirs::hard_shrink(x, lambda.into()))
        }
        Activation::Softshrink { lambda } => {
            Box::new(move |x| theirs::soft_shrink(x, lambda.into()))
        }
        Activation::Tanhshrink => Box::new(theirs::tanhshrink),
        Activation::Threshold { threshold, value } => {
            Box::new(move |x| theirs::threshold(x, threshold.into(), value.into()))
        }
        Activation::LogSigmoid => Box::new(theirs::log_sigmoid),
        // rrelu, quick_gelu, relu_squared
        _ => return None,
    })
}

/// A tensor of these values.
pub(crate) fn tensor(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// f(x), and dL/dx where dL/dy is 1 everywhere.
pub(crate) fn forward_and_gradient(
    function: &dyn Fn(Tensor<1>) -> Tensor<1>,
    x: &Tensor<1>,
) -> Outcome<(Tensor<1>, Tensor<1>)> {
    let x = x.clone().autodiff().require_grad();
    let y = function(x.clone());
    let gradients = y.backward();
    let dx = x.grad(&gradients).ok_or("Burn gave no gradient")?;
    Ok((y.inner(), dx))
}

/// The values of a tensor.
pub(crate) fn values(tensor: Tensor<1>) -> Outcome<Vec<f32>> {
    Ok(tensor.try_into_data()?.as_slice::<f32>()?.to_vec())
}
