//! The meaning of every activation against PyTorch and ONNX (`scripts/semantics_vectors.py`): values,
//! derivatives at kinks, limits, zeros and NaN.
//!
//! This does not test accuracy: smooth functions need only be near.

use wgpu_relu::{Activation, GpuRelu, Tolerance, reference};

use crate::gpu;
use crate::harness::{compare_gradients, compare_values};

const VECTORS: &str = include_str!("../data/semantics_vectors.csv");

/// The differences of the crate, with reasons. Each line must be found, and there must be no other difference.
const DEVIATIONS: &[(&str, &[&str])] = &[
    (
        "The result at an infinity is the limit, never NaN.",
        &[
            "pytorch leaky_relu(negative_slope=0) at -inf: NaN, here 0.0",
            "onnx leaky_relu(negative_slope=0) at -inf: NaN, here 0.0",
            "pytorch rrelu(lower=-0.5,upper=0.5) at -inf: NaN, here 0.0",
            "pytorch gelu at -inf: NaN, here 0.0",
            "pytorch gelu' at -inf: NaN, here 0.0",
            "pytorch gelu' at inf: NaN, here 1.0",
            "onnx gelu at -inf: NaN, here 0.0",
            "pytorch gelu_tanh at -inf: NaN, here 0.0",
            "pytorch gelu_tanh' at -inf: NaN, here 0.0",
            "pytorch gelu_tanh' at inf: NaN, here 1.0",
            "onnx gelu_tanh at -inf: NaN, here 0.0",
            "pytorch quick_gelu at -inf: NaN, here 0.0",
            "pytorch quick_gelu' at -inf: NaN, here 0.0",
            "pytorch quick_gelu' at inf: NaN, here 1.0",
            "onnx quick_gelu at -inf: NaN, here 0.0",
            "pytorch silu at -inf: NaN, here 0.0",
            "pytorch silu' at -inf: NaN, here 0.0",
            "pytorch silu' at inf: NaN, here 1.0",
            "onnx silu at -inf: NaN, here 0.0",
            "pytorch mish at -inf: NaN, here 0.0",
            "pytorch mish' at -inf: NaN, here 0.0",
            "pytorch mish' at inf: NaN, here 1.0",
            "onnx mish at -inf: NaN, here 0.0",
            "pytorch softsign at -inf: NaN, here -1.0",
            "pytorch softsign' at -inf: NaN, here 0.0",
            "pytorch softsign at inf: NaN, here 1.0",
            "pytorch softsign' at inf: NaN, here 0.0",
            "onnx softsign at -inf: NaN, here -1.0",
            "onnx softsign at inf: NaN, here 1.0",
            "pytorch hardswish at -inf: NaN, here 0.0",
            "onnx hardswish at -inf: NaN, here 0.0",
        ],
    ),
    (
        "A square of x that overflows makes no NaN.",
        &[
            "pytorch gelu_tanh' at -3.4028235e38: NaN, here 0.0",
            "pytorch gelu_tanh' at 3.4028235e38: NaN, here 1.0",
        ],
    ),
    (
        "A NaN is never swallowed.",
        &[
            "onnx hardshrink(lambda=0.5) at NaN: 0.0, here NaN",
            "onnx hardshrink(lambda=0) at NaN: 0.0, here NaN",
            "onnx softshrink(lambda=0.5) at NaN: 0.0, here NaN",
            "onnx softshrink(lambda=0) at NaN: 0.0, here NaN",
            "onnx threshold(threshold=1,value=0) at NaN: 0.0, here NaN",
        ],
    ),
    (
        "The gradient of a NaN is NaN, where PyTorch's depends on the element's position in the array.",
        &[
            "pytorch relu6' at NaN: 1.0, here NaN",
            "pytorch elu(alpha=1)' at NaN: 1.0, here NaN",
            "pytorch elu(alpha=0.7)' at NaN: 1.0, here NaN",
            "pytorch elu(alpha=0)' at NaN: 1.0, here NaN",
            "pytorch celu(alpha=1)' at NaN: 1.0, here NaN",
            "pytorch celu(alpha=2.5)' at NaN: 1.0, here NaN",
            "pytorch celu(alpha=-0.75)' at NaN: 1.0, here NaN",
            "pytorch selu' at NaN: 1.050701, here NaN",
            "pytorch hardtanh(min_val=-1,max_val=1)' at NaN: 1.0, here NaN",
            "pytorch hardtanh(min_val=-2.5,max_val=0.5)' at NaN: 1.0, here NaN",
            "pytorch hardsigmoid' at NaN: 0.0, here NaN",
            "pytorch hardswish' at NaN: 1.0, here NaN",
            "pytorch hardshrink(lambda=0.5)' at NaN: 1.0, here NaN",
            "pytorch hardshrink(lambda=0)' at NaN: 1.0, here NaN",
            "pytorch softshrink(lambda=0.5)' at NaN: 1.0, here NaN",
            "pytorch softshrink(lambda=0)' at NaN: 1.0, here NaN",
        ],
    ),
    ("-0.0 stays, as in NumPy and PyTorch.", &["onnx relu at -0.0: 0.0, here -0.0"]),
    (
        "x / 6 + 1 / 2 in f32 loses digits towards -3.",
        &[
            "onnx hardsigmoid at -2.9999998: 2.9802322e-8, here 3.973643e-8",
            "onnx hardsigmoid at -2.5: 0.08333331, here 0.083333336",
        ],
    ),
    (
        "ONNX's HardSigmoid has a slope of 0.2 by default, and its Shrink a bias of 0.",
        &[
            "onnx_defaults hardsigmoid at -1.0: 0.3, here 0.33333334",
            "onnx_defaults hardsigmoid at 1.0: 0.7, here 0.6666667",
            "onnx_defaults hardsigmoid at 2.0: 0.9, here 0.8333333",
            "onnx_defaults softshrink(lambda=0.5) at -1.0: -1.0, here -0.5",
            "onnx_defaults softshrink(lambda=0.5) at 1.0: 1.0, here 0.5",
            "onnx_defaults softshrink(lambda=0.5) at 2.0: 2.0, here 1.5",
        ],
    ),
];

/// A line of the file.
struct Vector {
    peer: &'static str,
    activation: Activation,
    x: f32,
    value: f32,
    derivative: Option<f32>,
}

fn vectors() -> impl Iterator<Item = Vector> {
    VECTORS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (peer, rest) = line.split_once(',').unwrap();
        // The activation may have commas, and is in quotes then.
        let (activation, numbers) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").unwrap(),
            None => rest.split_once(',').unwrap(),
        };
        let numbers: Vec<f32> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
        let activation = activation.parse().unwrap();
        let derivative = numbers.get(2).copied();
        Vector { peer, activation, x: numbers[0], value: numbers[1], derivative }
    })
}

/// Whether the two mean the same.
fn same(tolerance: Tolerance, theirs: f32, ours: f32) -> bool {
    match tolerance {
        Tolerance::Bits => theirs.to_bits() == ours.to_bits() || (theirs.is_nan() && ours.is_nan()),
        // PyTorch's float32 has an absolute error near zeros of functions.
        Tolerance::Ulp(_) if (theirs - ours).abs() <= 1e-6 => true,
        Tolerance::Ulp(_) => reference::ulp_error(ours.into(), theirs) <= 16.0,
        // PyTorch multiplies by 1/6 rounded for hardsigmoid.
        _ => reference::ulp_error(ours.into(), theirs) <= 1.0,
    }
}

#[test]
fn activations_mean_what_pytorch_and_onnx_mean() {
    let mut found = Vec::new();
    for Vector { peer, activation, x, value, derivative } in vectors() {
        let mut compare = |what: &str, tolerance, theirs: f32, ours: f32| {
            if !same(tolerance, theirs, ours) {
                found
                    .push(format!("{peer} {activation}{what} at {x:?}: {theirs:?}, here {ours:?}"));
            }
        };
        compare("", activation.value_tolerance(), value, reference::forward(activation, &[x])[0]);
        if let Some(derivative) = derivative {
            let ours = reference::gradient(activation, &[x], &[1.0])[0];
            compare("'", activation.gradient_tolerance(), derivative, ours);
        }
    }
    let listed: Vec<&str> = DEVIATIONS.iter().flat_map(|(_, lines)| *lines).copied().collect();
    let unlisted: Vec<_> = found.iter().filter(|line| !listed.contains(&line.as_str())).collect();
    let unseen: Vec<_> = listed.iter().filter(|&&line| !found.iter().any(|f| f == line)).collect();
    assert!(
        unlisted.is_empty() && unseen.is_empty(),
        "not listed: {unlisted:#?}\nlisted, but not so: {unseen:#?}"
    );
}

/// Compares the device at the same inputs with the reference, which the test above compares with PyTorch.
#[test]
fn devices_mean_the_same() {
    let all: Vec<Vector> = vectors().filter(|vector| vector.peer == "pytorch").collect();
    for group in all.chunk_by(|a, b| a.activation == b.activation) {
        let activation = group[0].activation;
        let x: Vec<f32> = group.iter().map(|vector| vector.x).collect();
        let dy = vec![1.0f32; x.len()];
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let (x_buffer, dy_buffer) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        let forward = compare_values(gpu(), activation, &x, &y);
        let gradient = compare_gradients(gpu(), activation, &x, &dy, &dx);
        for outcome in [forward, gradient] {
            outcome.unwrap_or_else(|error| panic!("{activation}: {error}"));
        }
    }
}
