//! Results in the memory of an input, and the tensors that must not change.

use burn::tensor::Tensor;
use wgpu_relu::wgpu;
use wgpu_relu_burn::device::with_buffer;
use wgpu_relu_burn::{Activation, activate, gate, prelu};

use crate::{assert_bits, of_crate, ordinary, tensor, values, wgpu};

fn place(x: &Tensor<1>) -> (wgpu::Buffer, u64) {
    with_buffer(x.clone(), |buffer, offset, _| (buffer.clone(), offset)).expect("a wgpu tensor")
}

#[test]
fn y_takes_the_memory_of_an_x_without_other_users() {
    for length in [1, 5, 64, 1027] {
        let x = ordinary(length);
        let of = |x: &[f32]| tensor(x, &wgpu());
        let before = of(&x);
        let at = place(&before);
        let y = activate(before, Activation::Silu);
        assert!(place(&y) == at, "{length} elements: y is elsewhere");
        assert_bits(&values(y), &of_crate(Activation::Silu, &x), length);

        let kept = of(&x);
        let y = activate(kept.clone(), Activation::Silu);
        assert!(place(&y) != place(&kept), "{length} elements: y is where x is still used");
        assert_bits(&values(kept), &x, "x");
        assert_bits(&values(y), &of_crate(Activation::Silu, &x), length);
    }
}

#[test]
fn both_inputs_that_are_still_used_keep_their_values() {
    let (x, by) = (ordinary(1027), ordinary(1028)[1..].to_vec());
    let [of_x, of_gate] = [&x, &by].map(|data| tensor(data, &wgpu()));
    let y = gate(of_x.clone(), of_gate.clone(), Activation::Relu).expect("valid");
    let z = prelu(of_x.clone(), of_gate.clone().slice(0..1)).expect("valid");
    assert_bits(&values(of_x), &x, "x");
    assert_bits(&values(of_gate), &by, "the gate");
    let product = |(x, by): (&f32, &f32)| x * by.max(0.0);
    let expected: Vec<f32> = x.iter().zip(&by).map(product).collect();
    assert!(values(y).iter().zip(&expected).all(|(a, b)| a == b), "y");
    let expected: Vec<f32> = x.iter().map(|x| if *x > 0.0 { *x } else { by[0] * x }).collect();
    assert_bits(&values(z), &expected, "z");
}

/// A slice at a multiple of the alignment is a view of its parent's memory.
#[test]
fn a_parent_keeps_its_values_when_its_slice_is_given_away() {
    for length in [1, 3, 63, 64, 65] {
        let x = ordinary(64 + length + 64);
        let parent = tensor(&x, &wgpu());
        let part = parent.clone().slice(64..64 + length);
        let y = activate(part, Activation::Gelu);
        assert_bits(&values(y), &of_crate(Activation::Gelu, &x[64..64 + length]), length);
        assert_bits(&values(parent), &x, "the parent");
    }
}

/// The gradient of y + f(y) passes through y twice.
#[test]
fn a_gradient_that_is_used_twice_keeps_its_values() {
    let device = wgpu().autodiff();
    let x = tensor(&[-1.0, 0.5, 2.0], &device).require_grad();
    let y = x.clone() * 2.0;
    let gradients = (activate(y.clone(), Activation::Relu) + y).backward();
    let dx = x.grad(&gradients).expect("x");
    assert_bits(&values(dx.clone()), &[2.0, 4.0, 4.0], "dx");
    assert_bits(&values(activate(dx.clone(), Activation::Relu)), &[2.0, 4.0, 4.0], "of dx");
    assert_bits(&values(dx), &[2.0, 4.0, 4.0], "dx, still");
}
