//! Parameters at both ends of f32: the reference, its documented limits and the device agree.

use testkit::compare;
use testkit::inputs::special_values;
use wgpu_relu::{Activation, reference};

use crate::gpu;
use crate::naive;

/// Parameters that are easily got wrong; each with both signs.
const EXTREME: [f32; 13] = [
    0.0,
    1e-45,
    1e-40,
    f32::MIN_POSITIVE,
    2e-38,
    1e-20,
    0.75,
    1.0,
    30.0,
    1e20,
    1.5e38,
    f32::MAX,
    f32::INFINITY,
];

/// The activation with every combination of extreme parameters that it allows.
fn combinations(activation: Activation) -> Vec<Activation> {
    let count = activation.parameters().len();
    let values: Vec<f32> = EXTREME.iter().flat_map(|&value| [value, -value]).collect();
    let mut all = Vec::new();
    for index in 0..values.len().pow(count as u32) {
        let digits = (0..count).map(|digit| index / values.len().pow(digit as u32) % values.len());
        let parameters: Vec<f32> = digits.map(|digit| values[digit]).collect();
        all.extend(activation.with_parameters(&parameters));
    }
    all
}

/// The special values, fewer of them, and those where a product with a parameter overflows, underflows or is around 1.
fn inputs(activation: Activation) -> Vec<f32> {
    let special = special_values(activation);
    // The kinks come after 15 values of either sign.
    let kinks = 30 + 6 * activation.kinks().len();
    let mut inputs = special[..kinks].to_vec();
    inputs.extend(special[kinks..].iter().step_by(37));
    for (_, parameter) in activation.parameters() {
        inputs.extend([1.0, -1.0, 60.0, 3e38, -1e-45].map(|result| result / parameter));
    }
    inputs
}

#[test]
fn extreme_parameters_at_the_special_values() {
    let flushes = naive::flushes_subnormals(gpu());
    let mut wrong = Vec::new();
    for &default in Activation::ALL {
        for activation in combinations(default) {
            let x = inputs(activation);
            let dy: Vec<f32> =
                (0..x.len()).map(|i| [1.0, -2.5, 0.0, f32::INFINITY, 1e-40][i % 5]).collect();
            let operator = activation.on(gpu()).unwrap();
            let [x_buffer, dy_buffer] = [&x, &dy].map(|data| gpu().upload(data).unwrap());
            let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
            let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
            let forward = compare::values(flushes, activation, &x, &y);
            let gradient = compare::gradients(flushes, activation, &x, &dy, &dx);
            for (what, outcome) in [("value", forward), ("gradient", gradient)] {
                wrong.extend(outcome.err().map(|error| format!("{activation}: {what}, {error}")));
            }
            for x in x.into_iter().filter(|x| !x.is_nan()) {
                if reference::value(activation, x).is_nan() {
                    wrong.push(format!("{activation}: the reference is NaN at {x:e}"));
                }
                if reference::derivative(activation, x).is_nan() {
                    wrong.push(format!("{activation}: the reference's derivative is NaN at {x:e}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
