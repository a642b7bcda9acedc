//! Burn's own functions beside ours: on the inputs of ordinary models both agree, and where they differ, the test says how.

use burn::tensor::{Tensor, TensorData, activation as burns};
use wgpu_relu_burn::{Activation, activate, glu, prelu};

use crate::{gradient, ordinary, tensor, values, wgpu};

/// Both results for one input, which may have a gradient.
type Both = (Activation, fn(Tensor<3>) -> Tensor<3>);

const ALL: [Both; 19] = [
    (Activation::Relu, burns::relu),
    (Activation::Relu6, burns::relu6),
    (Activation::LeakyRelu { negative_slope: 0.2 }, |x| burns::leaky_relu(x, 0.2)),
    (Activation::Elu { alpha: 0.5 }, |x| burns::elu(x, 0.5)),
    (Activation::Celu { alpha: 2.0 }, |x| burns::celu(x, 2.0)),
    (Activation::Selu, burns::selu),
    (Activation::Gelu, burns::gelu),
    (Activation::GeluTanh, burns::gelu_approximate),
    (Activation::Silu, burns::silu),
    (Activation::Mish, burns::mish),
    (Activation::Softplus { beta: 2.0, threshold: 20.0 }, |x| burns::softplus(x, 2.0)),
    (Activation::Softsign, burns::softsign),
    (Activation::Sigmoid, burns::sigmoid),
    (Activation::Tanh, burns::tanh),
    (Activation::Hardtanh { min_val: -1.5, max_val: 1.0 }, |x| burns::hardtanh(x, -1.5, 1.0)),
    (Activation::Hardsigmoid, |x| burns::hard_sigmoid(x, 1.0 / 6.0, 0.5)),
    (Activation::Hardswish, burns::hard_swish),
    (Activation::LogSigmoid, burns::log_sigmoid),
    (Activation::Tanhshrink, burns::tanhshrink),
];

const SHRINKING: [Both; 3] = [
    (Activation::Hardshrink { lambda: 0.7 }, |x| burns::hard_shrink(x, 0.7)),
    (Activation::Softshrink { lambda: 0.7 }, |x| burns::soft_shrink(x, 0.7)),
    (Activation::Threshold { threshold: 0.3, value: 2.0 }, |x| burns::threshold(x, 0.3, 2.0)),
];

/// Relative to the larger of 1 and the expected value.
fn close(found: &[f32], expected: &[f32], tolerance: f32, what: impl std::fmt::Display) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}, element {index}: {a}, {b}");
    }
}

/// Numbers in -4..4 that are at no kink, where Burn takes other sides.
fn off_the_kinks(length: usize) -> Vec<f32> {
    ordinary(length).iter().map(|x| x + 1.0 / 4096.0).collect()
}

#[test]
fn values_and_gradients_are_close_to_burns() {
    for (activation, of_burn) in ALL.into_iter().chain(SHRINKING) {
        for shape in [[1, 1, 1], [1, 2, 3], [4, 5, 6], [2, 3, 257]] {
            let length = shape.iter().product();
            let (x, dy) = (off_the_kinks(length), ordinary(length));
            let of = |f: &dyn Fn(Tensor<3>) -> Tensor<3>| {
                let x = tensor(&x, &wgpu());
                values(f(x.reshape(shape)))
            };
            let what = format!("{activation}, {shape:?}");
            close(&of(&|x| activate(x, activation)), &of(&of_burn), 2e-5, &what);
            // The derivative of Burn's gelu is that of the tanh form, see below.
            let tolerance = if activation == Activation::Gelu { 1e-2 } else { 5e-5 };
            let of = |f: &dyn Fn(Tensor<3>) -> Tensor<3>| {
                let x = tensor(&x, &wgpu().autodiff());
                gradient(x, &dy, |x| f(x.reshape(shape)).reshape([length]))
            };
            let ours = of(&|x| activate(x, activation));
            close(&ours, &of(&of_burn), tolerance, format!("gradient of {what}"));
        }
    }
}

#[test]
fn slopes_and_halves_are_close_to_burns() {
    let device = wgpu().autodiff();
    let x = off_the_kinks(2 * 4 * 6);
    let of = |f: &dyn Fn(Tensor<3>, Tensor<1>) -> Tensor<3>| {
        let x = Tensor::<3>::from_data(TensorData::new(x.clone(), [2, 4, 6]), &device);
        let (x, slopes) = (x.require_grad(), tensor(&[0.25, -0.5, 2.0, 0.0], &device));
        let slopes = slopes.require_grad();
        let y = f(x.clone(), slopes.clone());
        let gradients = (y.clone() * y.clone()).backward();
        let dx = values(x.grad(&gradients).expect("x has a gradient"));
        let dw = slopes.grad(&gradients).map_or(Vec::new(), values);
        [values(y), dx, dw].concat()
    };
    let ours = of(&|x, slopes| prelu(x, slopes).expect("valid"));
    close(&ours, &of(&|x, slopes| burns::prelu(x, slopes)), 1e-5, "prelu");
    for dim in [1, -1] {
        let ours = of(&|x, _| glu(x, dim, Activation::Sigmoid).expect("valid"));
        close(&ours, &of(&|x, _| burns::glu(x, dim)), 2e-5, format!("glu along {dim}"));
    }
}

/// The largest difference of a gradient from f64, over -6..6.
fn worst(f: impl Fn(Tensor<1>) -> Tensor<1>, derivative: impl Fn(f32) -> f64) -> f64 {
    let x: Vec<f32> = (0..12_001).map(|i| i as f32 / 1000.0 - 6.0).collect();
    let dx = gradient(tensor(&x, &wgpu().autodiff()), &vec![1.0; x.len()], f);
    let errors = x.iter().zip(dx).map(|(x, dx)| (f64::from(dx) - derivative(*x)).abs());
    errors.fold(0.0, f64::max)
}

/// Burn's forward gelu takes the error function, but its derivative comes from the tanh form.
#[test]
fn the_gradient_of_gelu_is_that_of_its_forward_function() {
    let exact = |x| wgpu_relu::reference::derivative(Activation::Gelu, x);
    let ours = worst(|x| activate(x, Activation::Gelu), exact);
    let burn = worst(burns::gelu, exact);
    println!("gelu's gradient, largest error over -6..6: {ours:.1e} here, {burn:.1e} by Burn");
    assert!(ours < 2e-7, "{ours}");
    assert!(
        burn > 1e-4,
        "Burn's gradient is now within {burn} of the exact one: say so in the guide"
    );
}

/// Burn computes e^x for all x and then chooses, so the other side's gradient is 0 · ∞.
#[test]
fn the_gradient_of_elu_is_one_where_the_exponential_overflows() {
    let x = [1.0, 88.0, 89.0, 1000.0];
    let of =
        |f: &dyn Fn(Tensor<1>) -> Tensor<1>| gradient(tensor(&x, &wgpu().autodiff()), &[1.0; 4], f);
    let ours = of(&|x| activate(x, Activation::Elu { alpha: 1.0 }));
    assert_eq!(ours, [1.0; 4]);
    let burn = of(&|x| burns::elu(x, 1.0));
    println!("elu's gradient at {x:?}: {burn:?} by Burn");
    assert_eq!(burn[..2], [1.0; 2]);
    assert!(burn[3].is_nan(), "Burn's gradient is now {burn:?}: say so in the guide");
}

/// The sign of a zero: PyTorch's relu keeps it.
#[test]
fn relu_keeps_the_sign_of_zero() {
    let bits = |y: Tensor<1>| values(y)[0].to_bits();
    assert_eq!(bits(activate(tensor(&[-0.0], &wgpu()), Activation::Relu)), 1 << 31);
    let burn = bits(burns::relu(tensor(&[-0.0], &wgpu())));
    println!("relu of -0 by Burn has the bits {burn:#x}");
}
