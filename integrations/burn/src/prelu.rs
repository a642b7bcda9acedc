//! PReLU: a leaky ReLU whose slopes are trained.

use burn::tensor::{DType, Tensor};

use crate::activation::of_two;
use crate::call::{Call, Kind};
use crate::error::Error;

/// Computes a PReLU: x for x > 0, else w · x, with gradients to x and to the slopes w (He et al., 2015).
///
/// Takes one pass, and two more for both gradients, which keep x. y takes the memory of x if no other tensor uses it. Slopes
/// are read as f32; slopes of another dtype are cast, and so is their gradient.
///
/// # Shapes
///
/// - x: any
/// - slopes: `[1]`, or `[channels]` for an x of `[batch, channels, …]`
/// - y: that of x
///
/// # Errors
///
/// Those of [`try_activate`](crate::try_activate), [`Error::Mismatch`] for slopes on another device, and
/// [`Error::Activation`] for slopes that are not one per channel.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::prelu;
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
/// let x = Tensor::<2>::from_floats([[-4.0, -4.0], [1.0, 2.0]], &device);
/// let slopes = Tensor::<1>::from_floats([0.25, 0.5], &device).require_grad();
/// let y = prelu(x, slopes.clone())?;
/// let gradients = y.sum().backward();
/// let dw: Vec<f32> = slopes.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
/// assert_eq!(dw, [-4.0, -4.0]);
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn prelu<const D: usize>(x: Tensor<D>, slopes: Tensor<1>) -> Result<Tensor<D>, Error> {
    let slopes = if slopes.dtype() == DType::F32 { slopes } else { slopes.cast(DType::F32) };
    of_two(x, slopes, "slopes", Call::prelu(Kind::Prelu))
}
