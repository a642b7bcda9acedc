//! The cases of Burn's own tests of its activations, written anew: through our operations, against f64.

use burn::tensor::{Tensor, TensorData};
use wgpu_relu::reference::{gradient_ulp_error, value_ulp_error};
use wgpu_relu_burn::{Activation, activate, glu, prelu, try_activate};

use crate::{assert_bits, gradient, tensor, values, wgpu};

type Matrix = [[f32; 2]; 2];

/// Both sides of 0, kinks, and numbers where a careless formula overflows, cancels or divides 0 by 0.
const POINTS: [f32; 26] = [
    1.0, 7.0, 13.0, -3.0, -10.0, 0.0, 10.0, 0.5, -0.5, -1.0, 2.0, -2.0, 6.0, 0.8762, -0.1423, 20.0,
    -20.0, 88.0, 90.0, -90.0, 100.0, -100.0, 300.0, -300.0, 1e30, -1e30,
];

const FUNCTIONS: [Activation; 21] = [
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu { negative_slope: 0.01 },
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 2.0 },
    Activation::Celu { alpha: 2.0 },
    Activation::Selu,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Mish,
    Activation::Softplus { beta: 1.0, threshold: 20.0 },
    Activation::Softplus { beta: 2.0, threshold: 20.0 },
    Activation::Softsign,
    Activation::Sigmoid,
    Activation::LogSigmoid,
    Activation::Hardsigmoid,
    Activation::Hardtanh { min_val: -2.0, max_val: 2.0 },
    Activation::Tanhshrink,
    Activation::Threshold { threshold: 1.0, value: 20.0 },
    Activation::Threshold { threshold: 0.0, value: 0.0 },
];

#[test]
fn values_and_gradients_at_the_points_of_burns_tests() {
    let dy = [1.0; POINTS.len()];
    for activation in FUNCTIONS {
        let y = values(activate(tensor(&POINTS, &wgpu()), activation));
        let dx = gradient(tensor(&POINTS, &wgpu().autodiff()), &dy, |x| activate(x, activation));
        for ((x, y), dx) in POINTS.into_iter().zip(y).zip(dx) {
            let [of_y, of_dx] =
                [value_ulp_error(activation, x, y), gradient_ulp_error(activation, x, 1.0, dx)];
            assert!(of_y <= 2.0 && of_dx <= 2.0, "{activation} of {x} is {y}, its gradient {dx}");
        }
    }
}

#[test]
fn the_ends_of_f32_saturate() {
    let of = |activation| values(activate(tensor(&[f32::MAX, f32::MIN], &wgpu()), activation));
    assert_eq!(of(Activation::Sigmoid), [1.0, 0.0]);
    assert_eq!(of(Activation::LogSigmoid), [0.0, f32::MIN]);
    assert_eq!(of(Activation::Softplus { beta: 1.0, threshold: 20.0 }), [f32::MAX, 0.0]);
    assert_eq!(of(Activation::Tanh), [1.0, -1.0]);
}

/// All in small integers, so that every result is exact.
#[test]
#[cfg_attr(
    feature = "vulkan",
    ignore = "Mesa 22.3's compiler crashes on Burn's SPIR-V of matrix products"
)]
fn relu_between_two_matrix_products() {
    let product = |a: Matrix, b: Matrix| -> Matrix {
        [0, 1].map(|row| [0, 1].map(|column| a[row][0] * b[0][column] + a[row][1] * b[1][column]))
    };
    let transposed = |a: Matrix| [[a[0][0], a[1][0]], [a[0][1], a[1][1]]];
    let (a, b) = ([[2.0, 5.0], [-3.0, -1.0]], [[3.0, -4.0], [1.0, 6.0]]);

    let device = wgpu().autodiff();
    let [of_a, of_b] = [a, b].map(|data| Tensor::<2>::from_floats(data, &device).require_grad());
    let hidden = activate(of_a.clone().matmul(of_b.clone()), Activation::Relu);
    let gradients = hidden.matmul(of_b.clone()).backward();

    let before = product(a, b);
    let hidden = before.map(|row| row.map(|x| x.max(0.0)));
    let ones = [[1.0; 2]; 2];
    let mut of_hidden = product(ones, transposed(b));
    for (row, before) in of_hidden.iter_mut().zip(before) {
        row.iter_mut().zip(before).for_each(|(gradient, x)| *gradient *= f32::from(x > 0.0));
    }
    let da = product(of_hidden, transposed(b));
    let [through_hidden, direct] =
        [product(transposed(a), of_hidden), product(transposed(hidden), ones)];
    let db: Vec<f32> =
        through_hidden.concat().iter().zip(direct.concat()).map(|(a, b)| a + b).collect();
    assert_eq!(values(of_a.grad(&gradients).expect("a")), da.concat());
    assert_eq!(values(of_b.grad(&gradients).expect("b")), db);
}

#[test]
fn slopes_of_prelu() {
    let rows = [[-1.0, 0.0, 1.25, 0.25, -5.5], [-4.5, 0.75, -1.5, 100.0, 0.0]];
    let of = |slopes: &[f32]| {
        let x = Tensor::<2>::from_floats(rows, &wgpu());
        values(prelu(x, tensor(slopes, &wgpu())).expect("valid"))
    };
    let expected = |slope: &dyn Fn(usize) -> f32| -> Vec<f32> {
        let of_row = |row: [f32; 5]| {
            row.into_iter()
                .enumerate()
                .map(|(i, x)| if x > 0.0 { x } else { slope(i) * x })
                .collect::<Vec<_>>()
        };
        rows.into_iter().flat_map(of_row).collect()
    };
    let slopes = [0.5, 0.25, 0.0, -0.75, -0.5];
    assert_eq!(of(&slopes), expected(&|channel| slopes[channel]), "one per channel");
    assert_eq!(of(&[-0.75]), expected(&|_| -0.75), "one for all");
    let relu = rows.concat().iter().map(|x| x.max(0.0)).collect::<Vec<_>>();
    assert_eq!(of(&[0.0]), relu, "0 makes relu");
    let positive = [[0.5, 1.0, 0.125, 3.0]];
    let y = prelu(Tensor::<2>::from_floats(positive, &wgpu()), tensor(&[0.25], &wgpu()));
    assert_bits(&values(y.expect("valid")), &positive.concat(), "positive elements");

    let vector = tensor(&rows[0], &wgpu());
    let error = prelu(vector, tensor(&slopes, &wgpu())).unwrap_err();
    assert!(
        error.to_string().contains('5'),
        "five slopes for a vector, which has one channel: {error}"
    );
    let matrix = Tensor::<2>::from_floats(rows, &wgpu());
    let error = prelu(matrix, tensor(&[-0.75, 0.125], &wgpu())).unwrap_err();
    assert!(error.to_string().contains('2'), "two slopes for five channels: {error}");
}

#[test]
fn halves_of_glu_along_the_last_dimension() {
    let data: Vec<f32> = (0..24).map(|i| (i * 7 % 11) as f32 / 4.0 - 1.25).collect();
    let of = |dim: i64| {
        let x = Tensor::<3>::from_data(TensorData::new(data.clone(), [1, 3, 8]), &wgpu());
        let y = glu(x, dim, Activation::Sigmoid).expect("valid");
        assert_eq!(y.dims(), [1, 3, 4]);
        values(y)
    };
    let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
    let pairs = data.chunks(8).flat_map(|row| row[..4].iter().zip(&row[4..]));
    for (y, (a, b)) in of(2).into_iter().zip(pairs) {
        let expected = f64::from(*a) * sigmoid(*b);
        assert!(
            (f64::from(y) - expected).abs() <= 1e-6 * expected.abs(),
            "{a} times sigmoid of {b} is {y}"
        );
    }
    assert_bits(&of(-1), &of(2), "counted from the end");
}

/// Burn panics there, so the function that returns errors must not.
#[test]
fn an_invalid_parameter_is_an_error() {
    let x = tensor(&[1.0], &wgpu());
    let error = try_activate(x, Activation::Rrelu { lower: 0.5, upper: 0.25 }).unwrap_err();
    assert!(error.to_string().starts_with("rrelu: "), "{error}");
}
