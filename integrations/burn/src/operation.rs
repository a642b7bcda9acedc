//! The activations as operations of Burn: on the device, in fused streams and with a gradient.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{DType, Device, Tensor};
use burn_cubecl::{CubeBackend, CubeDevice};
use wgpu_relu::plan::Request;
use wgpu_relu::{Activation, Operand};

use crate::error::Error;
use crate::kernel;

/// The operations that a backend must have. The macro implements them for `Dispatch` and for fusion.
#[backend_extension(Cube, Fusion: cfg(feature = "fusion"), Autodiff)]
pub(crate) trait ActivationOps: Backend {
    // The output's metadata is what fusion makes the tensor from, before the operation runs.
    #[fusion(dtype = x, shape = x)]
    fn wgpu_relu_forward(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn wgpu_relu_gradient(
        x: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

/// Computes y = f(x) for every element of a tensor, with a gradient on devices with autodiff.
///
/// Takes one pass: reads and writes each element once. A tensor that is not contiguous is copied first. The gradient
/// keeps x and takes one more pass. With fusion, Burn fuses its own operations before and after this one.
///
/// # Shapes
///
/// Any; y has the shape and dtype of x.
///
/// # Panics
///
/// Where [`try_activate`] returns an error, with its text.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Activation, activate};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
/// let x = Tensor::<1>::from_floats([-1.0, 0.0, 2.0], &device).require_grad();
/// let y = activate(x.clone(), Activation::LeakyRelu { negative_slope: 0.5 });
/// let gradients = y.sum().backward();
/// let dx: Vec<f32> = x.grad(&gradients).expect("x has a gradient").into_data().try_to_vec().unwrap();
/// assert_eq!(dx, [0.5, 0.5, 1.0]);
/// ```
#[must_use]
pub fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    try_activate(x, activation).unwrap_or_else(|error| panic!("{error}"))
}

/// Does as [`activate`], and returns an error where that panics.
///
/// # Errors
///
/// - [`Error::DType`] if the elements of x are neither f32 nor f16
/// - [`Error::Runtime`] if the device of x does not compile WGSL
/// - [`Error::Activation`] if a parameter of the activation is invalid, or the device's limits are too low
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Activation, try_activate};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let x = Tensor::<1>::from_floats([-1.0, 2.0], &device);
/// let error = try_activate(x, Activation::Elu { alpha: f32::NAN }).unwrap_err();
/// assert_eq!(error.to_string(), "elu: alpha is NaN, but must be finite");
/// ```
pub fn try_activate<const D: usize>(
    x: Tensor<D>,
    activation: Activation,
) -> Result<Tensor<D>, Error> {
    check(&x.device(), x.dtype(), x.shape().num_elements(), activation)?;
    Ok(Tensor::from_dispatch(Dispatch::wgpu_relu_forward(x.into_dispatch(), activation)))
}

/// Checks all that could fail later, on another thread or in the middle of a backward pass.
fn check(
    device: &Device,
    dtype: DType,
    length: usize,
    activation: Activation,
) -> Result<(), Error> {
    let name = || format!("{:?}", device.as_dispatch());
    let Some(cube) = cube_device(device.as_dispatch()) else {
        return Err(Error::Runtime { device: name(), runtime: "other".to_owned() });
    };
    let client = cube.client();
    kernel::check_client(&client, name)?;
    activation.validate()?;
    let planner = kernel::planner(&client);
    let forward = [Operand::X, Operand::Y];
    kernel::plan(&planner, Request::forward(activation), &forward, dtype, length)?;
    if device.is_autodiff() {
        let gradient = [Operand::X, Operand::Dy, Operand::Dx];
        kernel::plan(&planner, Request::gradient(activation), &gradient, dtype, length)?;
    }
    Ok(())
}

/// The device below autodiff, if a runtime of cubecl has it.
fn cube_device(device: &DispatchDevice) -> Option<CubeDevice> {
    match device {
        DispatchDevice::Cube(device) => Some(device.clone()),
        DispatchDevice::Autodiff(device) => cube_device(&device.clone().inner()),
        #[allow(unreachable_patterns, reason = "the features of Burn add devices")]
        _ => None,
    }
}

/// The result of a launch whose arguments `check` has accepted.
fn checked<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

impl ActivationOps for CubeBackend {
    fn wgpu_relu_forward(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        checked(kernel::forward(x, activation))
    }

    fn wgpu_relu_gradient(
        x: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        checked(kernel::gradient(x, dy, activation))
    }
}

/// The step of a backward pass. It keeps x.
#[derive(Debug)]
struct ActivationBackward;

impl<B: ActivationOps> Backward<B, 1> for ActivationBackward {
    type State = (FloatTensor<B>, Activation);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (x, activation) = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |dy| {
            B::wgpu_relu_gradient(x, dy, activation)
        });
    }
}

impl<B: ActivationOps, C: CheckpointStrategy> ActivationOps for Autodiff<B, C> {
    fn wgpu_relu_forward(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        match ActivationBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                let y = B::wgpu_relu_forward(x.primitive().clone(), activation);
                operation.finish((x.into_primitive(), activation), y)
            }
            OpsKind::UnTracked(operation) => {
                operation.finish(B::wgpu_relu_forward(x.into_primitive(), activation))
            }
        }
    }

    /// Burn differentiates once only: its gradients are tensors without a graph, so this is not called by it.
    fn wgpu_relu_gradient(
        _x: FloatTensor<Self>,
        _dy: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        panic!("{activation} has no second derivative here; detach its gradient from the graph")
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::DeviceKind;

    use super::*;

    #[test]
    #[should_panic(expected = "gelu has no second derivative here")]
    fn a_gradient_of_the_gradient_says_so() {
        let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
        let [x, dy] = [2.0, 1.0].map(|value| Tensor::<1>::from_floats([value], &device));
        let [x, dy] = [x, dy].map(|tensor| tensor.require_grad().into_dispatch());
        let _ = Dispatch::wgpu_relu_gradient(x, dy, Activation::Gelu);
    }
}
