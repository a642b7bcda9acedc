//! Parameters at both ends of f32: the reference, its documented limits and the device agree.

use testkit::compare;
use testkit::inputs::special_values;
use wgpu_relu::{Activation, Draw, Error, reference};

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

/// Reliability 13.
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
            if operator.mask_size(0).is_ok() {
                let (of_mask, mask) = operator.apply_with_mask(&x_buffer).unwrap();
                let from_mask = operator.mask_gradient(&mask, &dy_buffer).unwrap();
                let found = [of_mask, from_mask].map(|b| gpu().download(&b).unwrap());
                // A mask has no payloads of NaN.
                let same =
                    |a: &f32, b: &f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| same(a, b));
                if !same(&found[0], &y) || !same(&found[1], &dx) {
                    wrong.push(format!("{activation}: other bits with a mask"));
                }
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

/// Random slopes between extreme bounds: each element's result is that of a leaky ReLU with its slope.
#[test]
fn random_slopes_between_extreme_bounds() {
    let flushes = naive::flushes_subnormals(gpu());
    let draw = Draw { seed: 5, offset: 1 };
    let mut refused = 0;
    for rrelu in combinations(Activation::Rrelu { lower: 0.0, upper: 0.0 }) {
        let Activation::Rrelu { lower, upper } = rrelu else { unreachable!() };
        let operator = match rrelu.on(gpu()).unwrap().in_training(draw) {
            Ok(operator) => operator,
            Err(error) => {
                assert!((upper - lower).is_infinite(), "{error}");
                assert!(
                    matches!(error, Error::InvalidParameter { parameter: "upper", .. }),
                    "{error}"
                );
                let text = error.to_string();
                assert!(
                    text.contains("rrelu: upper is ") && text.contains("above lower"),
                    "{text}"
                );
                refused += 1;
                continue;
            }
        };
        let x = inputs(rrelu);
        let dy = vec![-2.5; x.len()];
        let [x_buffer, dy_buffer] = [&x, &dy].map(|data| gpu().upload(data).unwrap());
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        for (i, &x) in x.iter().enumerate() {
            let negative_slope = draw.slope(lower, upper, i as u64);
            assert!((lower..=upper).contains(&negative_slope), "{rrelu}: {negative_slope}");
            let leaky = Activation::LeakyRelu { negative_slope };
            let case = |error| format!("{rrelu}, element {i}: {error}");
            compare::values(flushes, leaky, &[x], &[y[i]]).map_err(case).unwrap();
            compare::gradients(flushes, leaky, &[x], &[-2.5], &[dx[i]]).map_err(case).unwrap();
        }
        // New bounds must be such that slopes can be drawn.
        let step = operator.prepare(&x_buffer, &x_buffer).unwrap();
        let wide = Activation::Rrelu { lower: f32::MIN, upper: f32::MAX };
        assert!(matches!(step.set_activation(wide), Err(Error::InvalidParameter { .. })));
    }
    // The ends of f32, and what comes near them.
    assert!(refused >= 1, "{refused}");
}
