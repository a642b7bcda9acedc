//! y = f(x).

use burn::backend::Dispatch;
use burn::tensor::Tensor;
use wgpu_relu::{Activation, Draw};

use crate::call::{Call, Kind};
use crate::error::Error;
use crate::operation::{ActivationOps, check, spec};

/// Computes y = f(x) for every element of a tensor, with a gradient on devices with autodiff.
///
/// Takes one pass: reads and writes each element once. y takes the memory of x if no other tensor uses it. A tensor that is
/// not contiguous is copied first. The gradient takes one more pass. It keeps a mask of 1 or 2 bits per element for activations
/// whose derivative has two values, as relu, and x for all others. With fusion, Burn fuses its own operations before and
/// after this one.
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
/// - [`Error::Runtime`] if operations cannot run on the device of x
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
    of_one(x, Call::new(Kind::Forward, activation))
}

/// Computes rrelu with random slopes, as in training: x for x > 0, else a · x with a new a of `lower..=upper` per element.
///
/// The slopes depend on the draw and the element's index alone, so the gradient makes them again. Take a new draw in every
/// step. Cost, shapes and gradient are those of [`activate`]; the gradient keeps x. Without training, use
/// [`Activation::Rrelu`].
///
/// # Errors
///
/// Those of [`try_activate`].
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Draw, rrelu};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let draw = Draw { seed: 7, offset: 0 };
/// let y = rrelu(Tensor::<1>::from_floats([-1.0, 3.0], &device), 0.125, 0.5, draw)?;
/// let y: Vec<f32> = y.into_data().try_to_vec().unwrap();
/// assert_eq!(y, [-draw.slope(0.125, 0.5, 0), 3.0]);
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn rrelu<const D: usize>(
    x: Tensor<D>,
    lower: f32,
    upper: f32,
    draw: Draw,
) -> Result<Tensor<D>, Error> {
    let call = Call::new(Kind::Forward, Activation::Rrelu { lower, upper });
    of_one(x, Call { draw: Some(draw), ..call })
}

/// Checks and queues an operation with one input.
pub(crate) fn of_one<const D: usize>(x: Tensor<D>, call: Call) -> Result<Tensor<D>, Error> {
    check(&x.device(), call, &[spec(&x)])?;
    Ok(Tensor::from_dispatch(Dispatch::wgpu_relu_of_one(x.into_dispatch(), call)))
}

/// Checks and queues an operation with two inputs. The second one is named in errors.
pub(crate) fn of_two<const D: usize, const E: usize>(
    x: Tensor<D>,
    other: Tensor<E>,
    operand: &'static str,
    call: Call,
) -> Result<Tensor<D>, Error> {
    let [found, expected] =
        [other.device(), x.device()].map(|device| format!("{:?}", device.as_dispatch()));
    if found != expected {
        let (property, remedy) = ("device", "move it there with to_device");
        return Err(Error::Mismatch { operand, property, found, expected, remedy });
    }
    check(&x.device(), call, &[spec(&x), spec(&other)])?;
    let (x, other) = (x.into_dispatch(), other.into_dispatch());
    Ok(Tensor::from_dispatch(Dispatch::wgpu_relu_of_two(x, other, call)))
}
