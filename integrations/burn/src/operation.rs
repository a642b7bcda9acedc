//! The operations of a backend: on the device, in fused streams and with a gradient.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};
use burn::tensor::{Device, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use crate::call::{Call, Kind, Spec, element_type};
use crate::device::{Route, cube, no_runtime};
use crate::error::Error;
use crate::kernel;

/// The operations that a backend must have, by the numbers of inputs and outputs. The macro implements them for
/// `Dispatch` and for fusion. All tensors are float tensors, also masks, with whose elements nothing computes.
#[backend_extension(
    Cube,
    Remote: cfg(feature = "remote"),
    Fusion: cfg(feature = "fusion"),
    Autodiff
)]
pub(crate) trait ActivationOps: Backend {
    // The outputs' metadata is what fusion makes the tensors from, before the operation runs.
    #[fusion(meta = |a, call| one(call, &[a]))]
    fn wgpu_relu_of_one(a: FloatTensor<Self>, call: Call) -> FloatTensor<Self>;

    #[fusion(meta = |a, b, call| one(call, &[a, b]))]
    fn wgpu_relu_of_two(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self>;

    #[fusion(meta = |a, b, c, call| one(call, &[a, b, c]))]
    fn wgpu_relu_of_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self>;

    #[fusion(meta = |a, call| two(call, &[a]))]
    fn wgpu_relu_two_of_one(
        a: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(meta = |a, b, c, call| two(call, &[a, b, c]))]
    fn wgpu_relu_two_of_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The same tensor in memory that no other tensor uses.
    #[fusion(dtype = x, shape = x)]
    fn wgpu_relu_own(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "fusion")]
fn output_specs(call: &Call, inputs: &[&TensorSpec]) -> impl Iterator<Item = TensorSpec> {
    let inputs = inputs.iter().map(|s| Spec { shape: s.shape.clone(), dtype: s.dtype });
    let outputs = checked(call.output_specs(&inputs.collect::<Vec<_>>()));
    outputs.into_iter().map(|spec| TensorSpec::new(spec.shape, spec.dtype))
}

#[cfg(feature = "fusion")]
fn one(call: &Call, inputs: &[&TensorSpec]) -> TensorSpec {
    first(output_specs(call, inputs))
}

#[cfg(feature = "fusion")]
fn two(call: &Call, inputs: &[&TensorSpec]) -> (TensorSpec, TensorSpec) {
    pair(output_specs(call, inputs))
}

/// The result of a launch whose arguments [`check`] has accepted.
pub(crate) fn checked<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn first<T>(outputs: impl IntoIterator<Item = T>) -> T {
    outputs.into_iter().next().expect("every call has an output")
}

pub(crate) fn pair<T>(outputs: impl IntoIterator<Item = T>) -> (T, T) {
    let mut outputs = outputs.into_iter();
    let mut next = || outputs.next().expect("these calls have two outputs");
    (next(), next())
}

/// Checks all that could fail later, on another thread or in the middle of a backward pass.
///
/// The limits of a server's device are known to the server alone, which panics where this would return an error.
pub(crate) fn check(device: &Device, call: Call, inputs: &[Spec]) -> Result<(), Error> {
    inputs.iter().try_for_each(|input| element_type(input.dtype).map(|_| ()))?;
    call.activation.validate()?;
    let planner = match cube(device.as_dispatch()) {
        Some(cube) => {
            let client = cube.client();
            Route::of(&client, &cube)?;
            kernel::planner(&client)
        }
        #[cfg(feature = "remote")]
        None if crate::remote::is_remote(device.as_dispatch()) => crate::remote::planner(),
        None => return Err(no_runtime(device)),
    };
    let plan = |call: Call, inputs: &[Spec]| {
        let outputs = call.output_specs(inputs)?;
        let buffers: Vec<u32> = (0..).take(inputs.len() + outputs.len()).collect();
        call.plan(&planner, &[inputs, &outputs].concat(), &buffers).map(|_| outputs)
    };
    let dy = plan(call, inputs)?;
    if !device.is_autodiff() {
        return Ok(());
    }
    call.gradients(inputs).into_iter().try_for_each(|gradient| {
        let inputs = match gradient.kind {
            Kind::MaskGradient => {
                let masked = call.with(Kind::Masked).output_specs(inputs)?;
                vec![masked[1].clone(), dy[0].clone()]
            }
            Kind::WeightGradient { .. } => vec![inputs[0].clone(), dy[0].clone()],
            _ => [inputs, &dy].concat(),
        };
        plan(gradient, &inputs).map(|_| ())
    })
}

/// The shape and the element type of a tensor.
pub(crate) fn spec<const D: usize>(tensor: &Tensor<D>) -> Spec {
    Spec { shape: tensor.shape(), dtype: tensor.dtype() }
}

impl ActivationOps for CubeBackend {
    fn wgpu_relu_of_one(a: CubeTensor, call: Call) -> CubeTensor {
        first(checked(kernel::run(call, vec![a])))
    }

    fn wgpu_relu_of_two(a: CubeTensor, b: CubeTensor, call: Call) -> CubeTensor {
        first(checked(kernel::run(call, vec![a, b])))
    }

    fn wgpu_relu_of_three(a: CubeTensor, b: CubeTensor, c: CubeTensor, call: Call) -> CubeTensor {
        first(checked(kernel::run(call, vec![a, b, c])))
    }

    fn wgpu_relu_two_of_one(a: CubeTensor, call: Call) -> (CubeTensor, CubeTensor) {
        pair(checked(kernel::run(call, vec![a])))
    }

    fn wgpu_relu_two_of_three(
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
        call: Call,
    ) -> (CubeTensor, CubeTensor) {
        pair(checked(kernel::run(call, vec![a, b, c])))
    }

    fn wgpu_relu_own(x: CubeTensor) -> CubeTensor {
        let x = burn_cubecl::kernel::into_contiguous(x);
        if x.can_mut() { x } else { x.copy() }
    }
}

/// The step of a backward pass for one input. It keeps x, or the mask.
#[derive(Debug)]
struct OfOne;

impl<B: ActivationOps> Backward<B, 1> for OfOne {
    type State = (FloatTensor<B>, Call);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (kept, gradient) = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |dy| {
            B::wgpu_relu_of_two(kept, dy, gradient)
        });
    }
}

/// The step of a backward pass for x and slopes, or for x and a gate. It keeps both.
#[derive(Debug)]
struct OfTwo;

impl<B: ActivationOps> Backward<B, 2> for OfTwo {
    type State = (FloatTensor<B>, FloatTensor<B>, Vec<Call>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (a, b, calls) = ops.state;
        let dy = gradients.consume::<B>(&ops.node);
        let [of_a, of_b] = ops.parents;
        if let [gate] = calls[..] {
            let (da, db) = B::wgpu_relu_two_of_three(a, b, dy, gate);
            for (parent, gradient) in [(of_a, da), (of_b, db)] {
                if let Some(parent) = parent {
                    gradients.register::<B>(parent.id, gradient);
                }
            }
            return;
        }
        // dw first, since dx may take the memory of dy.
        if let Some(slopes) = of_b {
            let dw = B::wgpu_relu_of_two(a.clone(), dy.clone(), calls[1]);
            gradients.register::<B>(slopes.id, dw);
        }
        if let Some(x) = of_a {
            gradients.register::<B>(x.id, B::wgpu_relu_of_three(a, b, dy, calls[0]));
        }
    }
}

/// Burn differentiates once only: its gradients are tensors without a graph, so it does not call this.
fn no_second_derivative(call: Call) -> ! {
    let activation = call.activation;
    panic!("{activation} has no second derivative here; detach its gradient from the graph")
}

impl<B: ActivationOps, C: CheckpointStrategy> ActivationOps for Autodiff<B, C> {
    fn wgpu_relu_of_one(x: FloatTensor<Self>, call: Call) -> FloatTensor<Self> {
        match OfOne.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                let gradient = first(call.gradients(&[Spec::of(&x)]));
                let x = x.into_primitive();
                if call.has_mask() {
                    let (y, mask) = B::wgpu_relu_two_of_one(x, call.with(Kind::Masked));
                    operation.finish((mask, gradient), y)
                } else {
                    let y = B::wgpu_relu_of_one(x.clone(), call);
                    operation.finish((x, gradient), y)
                }
            }
            OpsKind::UnTracked(operation) => {
                operation.finish(B::wgpu_relu_of_one(x.into_primitive(), call))
            }
        }
    }

    fn wgpu_relu_of_two(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        let gradients = call.gradients(&[Spec::of(&a), Spec::of(&b)]);
        if gradients.is_empty() {
            no_second_derivative(call);
        }
        match OfTwo.prepare::<C>([a.node(), b.node()]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                let (a, b) = (a.into_primitive(), b.into_primitive());
                let y = B::wgpu_relu_of_two(a.clone(), b.clone(), call);
                operation.finish((a, b, gradients), y)
            }
            OpsKind::UnTracked(operation) => {
                operation.finish(B::wgpu_relu_of_two(a.into_primitive(), b.into_primitive(), call))
            }
        }
    }

    fn wgpu_relu_of_three(
        _a: FloatTensor<Self>,
        _b: FloatTensor<Self>,
        _c: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        no_second_derivative(call)
    }

    fn wgpu_relu_two_of_one(
        _a: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        no_second_derivative(call)
    }

    fn wgpu_relu_two_of_three(
        _a: FloatTensor<Self>,
        _b: FloatTensor<Self>,
        _c: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        no_second_derivative(call)
    }

    fn wgpu_relu_own(_x: FloatTensor<Self>) -> FloatTensor<Self> {
        unreachable!("update_buffer refuses tensors with a gradient graph")
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Dispatch;
    use burn::tensor::DeviceKind;
    use wgpu_relu::Activation;

    use super::*;

    #[test]
    #[should_panic(expected = "gelu has no second derivative here")]
    fn a_gradient_of_the_gradient_says_so() {
        crate::device::tests::default_device();
        let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
        let [x, dy] = [2.0, 1.0].map(|value| Tensor::<1>::from_floats([value], &device));
        let [x, dy] = [x, dy].map(|tensor| tensor.require_grad().into_dispatch());
        let _ = Dispatch::wgpu_relu_of_two(x, dy, Call::new(Kind::Gradient, Activation::Gelu));
    }
}
