//! Gated units: x · f(gate).

use burn::tensor::{AsIndex, Tensor};
use wgpu_relu::Activation;

use crate::activation::{of_one, of_two};
use crate::call::{Call, Kind};
use crate::error::Error;

/// Computes x · f(gate) for every element, with gradients to both.
///
/// GLU is this with sigmoid, ReGLU with relu, GEGLU with gelu, SwiGLU with silu (Shazeer, 2020). Takes one pass: reads both
/// inputs once. One more pass computes both gradients, which keep x and the gate. y takes the memory of an input that no
/// other tensor uses.
///
/// # Shapes
///
/// x and the gate: any, both the same. y: that of x.
///
/// # Errors
///
/// Those of [`try_activate`](crate::try_activate), and [`Error::Mismatch`] if shape, dtype or device of the gate differ from
/// those of x.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Activation, gate};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let [x, by] = [[2.0, 3.0], [5.0, -1.0]].map(|data| Tensor::<1>::from_floats(data, &device));
/// let y = gate(x, by, Activation::Relu)?;
/// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [10.0, 0.0]);
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn gate<const D: usize>(
    x: Tensor<D>,
    gate: Tensor<D>,
    activation: Activation,
) -> Result<Tensor<D>, Error> {
    let remedy = "give both the same";
    let mismatch = |property, found: String, expected: String| {
        Err(Error::Mismatch { operand: "gate", property, found, expected, remedy })
    };
    if gate.dims() != x.dims() {
        return mismatch("shape", format!("{:?}", gate.dims()), format!("{:?}", x.dims()));
    }
    if gate.dtype() != x.dtype() {
        return mismatch("dtype", gate.dtype().name().into(), x.dtype().name().into());
    }
    of_two(x, gate, "gate", Call::new(Kind::Gate, activation))
}

/// Computes a · f(b) for the halves a and b of a tensor along a dimension, with a gradient to both.
///
/// Takes one pass that reads the halves where they are, and one more for the gradient, which keeps x.
///
/// # Shapes
///
/// x: any, with an even number of elements in dimension `dim`; a negative `dim` counts from the end. y: that of x with half as
/// many elements in that dimension.
///
/// # Errors
///
/// Those of [`try_activate`](crate::try_activate), and [`Error::Mismatch`] for a dimension that does not exist or is odd.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Activation, glu};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let x = Tensor::<2>::from_floats([[2.0, 3.0, 5.0, -1.0]], &device);
/// let y = glu(x, -1, Activation::Relu)?;
/// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [10.0, 0.0]);
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn glu<const D: usize>(
    x: Tensor<D>,
    dim: impl AsIndex,
    activation: Activation,
) -> Result<Tensor<D>, Error> {
    let dim = dim.as_index();
    let axis = if dim < 0 { dim + D as isize } else { dim };
    let Some(axis) = usize::try_from(axis).ok().filter(|axis| *axis < D) else {
        return Err(Error::Mismatch {
            operand: "glu",
            property: "dimension",
            found: dim.to_string(),
            expected: format!("one of the tensor's {D}"),
            remedy: "choose another",
        });
    };
    let elements = x.dims()[axis];
    if !elements.is_multiple_of(2) {
        return Err(Error::Mismatch {
            operand: "x",
            property: "size",
            found: format!("{elements} in dimension {axis}"),
            expected: "an even one, for two halves".to_owned(),
            remedy: "split along another dimension",
        });
    }
    of_one(x, Call::new(Kind::Halves { axis }, activation))
}
