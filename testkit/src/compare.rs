//! The inputs to try, and the comparison with the reference.
//!
//! It knows no activation by name. The table says which results are exact, how far others may be off, and where the
//! kinks are.

use std::fmt;

use wgpu_relu::{Activation, Element, ElementType, Tolerance, reference};

use crate::inputs::special_values;
use crate::stored::{nearest, widened};

/// The worst error met, in the measure of the tolerance.
#[derive(Debug, Default, Clone, Copy)]
pub struct Worst {
    pub ulp: f64,
    x: f32,
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ulp at x = {:e}", self.ulp, self.x)
    }
}

/// [`Activation::parameter_sweep`], and the largest parameters that some activations take.
pub fn wide_parameter_sweep() -> Vec<Activation> {
    let extreme = [f32::MAX, f32::MIN].into_iter().flat_map(|extreme| {
        [
            Activation::LeakyRelu { negative_slope: extreme },
            Activation::Elu { alpha: extreme },
            Activation::Celu { alpha: extreme },
        ]
    });
    Activation::parameter_sweep().into_iter().chain(extreme).collect()
}

/// All special values against all special upstream gradients.
pub fn special_pairs(activation: Activation) -> (Vec<f32>, Vec<f32>) {
    const UPSTREAM: [f32; 7] = [1.0, -2.5, 0.0, f32::INFINITY, f32::NAN, 1e-40, 3e38];
    let x = special_values(activation);
    x.iter().flat_map(|&x| UPSTREAM.map(|dy| (x, dy))).unzip()
}

fn flush(value: f32) -> f32 {
    if value.is_subnormal() { 0.0 } else { value }
}

/// Compares y = f(x) with the reference. `flushes`: the device takes subnormal numbers for 0.
pub fn values(
    flushes: bool,
    activation: Activation,
    x: &[f32],
    y: &[f32],
) -> Result<Worst, String> {
    let tolerance = activation.value_tolerance();
    let expected = reference::forward(activation, x);
    let mut worst = Worst::default();
    for (i, (&x, &y)) in x.iter().zip(y).enumerate() {
        let exact = || [x, flush(x)].map(|x| reference::value(activation, x));
        let ulp = match tolerance {
            Tolerance::Ulp(_) => reference::value_ulp_error(activation, x, y),
            exactly => error(exactly, flushes, expected[i], y, exact),
        };
        note(&mut worst, tolerance, ulp, i, x, None, expected[i], y)?;
    }
    Ok(worst)
}

/// Compares dx = dy · f'(x) with the reference. `flushes`: the device takes subnormal numbers for 0.
pub fn gradients(
    flushes: bool,
    activation: Activation,
    x: &[f32],
    dy: &[f32],
    dx: &[f32],
) -> Result<Worst, String> {
    let tolerance = activation.gradient_tolerance();
    let expected = reference::gradient(activation, x, dy);
    let mut worst = Worst::default();
    for (i, ((&x, &dy), &dx)) in x.iter().zip(dy).zip(dx).enumerate() {
        let exact = || {
            [(x, dy), (flush(x), flush(dy))]
                .map(|(x, dy)| reference::gradient_value(activation, x, dy))
        };
        let ulp = match tolerance {
            Tolerance::Ulp(_) => reference::gradient_ulp_error(activation, x, dy, dx),
            exactly => error(exactly, flushes, expected[i], dx, exact),
        };
        note(&mut worst, tolerance, ulp, i, x, Some(dy), expected[i], dx)?;
    }
    Ok(worst)
}

/// [`values`] for stored numbers: a stored number is right if it is the rounded form of a right result.
pub fn stored_values<X: Element, Y: Element>(
    flushes: bool,
    activation: Activation,
    x: &[X],
    y: &[Y],
) -> Result<Worst, String> {
    let x = widened(x);
    let y = match (X::TYPE, Y::TYPE) {
        (ElementType::F32, ElementType::F32) => widened(y),
        _ => nearest(&reference::forward(activation, &x), y),
    };
    values(flushes, activation, &x, &y)
}

/// [`gradients`] for stored numbers: a stored number is right if it is the rounded form of a right result.
pub fn stored_gradients<X: Element, Y: Element>(
    flushes: bool,
    activation: Activation,
    x: &[X],
    dy: &[Y],
    dx: &[X],
) -> Result<Worst, String> {
    let (x, dy) = (widened(x), widened(dy));
    let dx = match (X::TYPE, Y::TYPE) {
        (ElementType::F32, ElementType::F32) => widened(dx),
        _ => nearest(&reference::gradient(activation, &x, &dy), dx),
    };
    gradients(flushes, activation, &x, &dy, &dx)
}

/// 0 if `got` is the result that an exact row demands, else infinity. `exact` has the results before rounding, with the
/// operands as they are and flushed.
fn error(
    tolerance: Tolerance,
    flushes: bool,
    expected: f32,
    got: f32,
    exact: impl Fn() -> [f64; 2],
) -> f64 {
    let equal = |a: f32, b: f32| a == b || (a.is_nan() && b.is_nan());
    // Devices flush a subnormal number before they round it, also if it would round up to the smallest normal number.
    let below = |exact: f64| exact.abs() < f64::from(f32::MIN_POSITIVE);
    let flushed = |exact: f64| if below(exact) { 0.0 } else { exact as f32 };
    let right = match tolerance {
        Tolerance::Bits => expected.to_bits() == got.to_bits(),
        _ => {
            equal(expected, got)
                || (flushes && exact().iter().any(|&exact| equal(flushed(exact), flush(got))))
        }
    };
    if right { 0.0 } else { f64::INFINITY }
}

#[expect(clippy::too_many_arguments, reason = "what a message tells")]
fn note(
    worst: &mut Worst,
    tolerance: Tolerance,
    ulp: f64,
    i: usize,
    x: f32,
    dy: Option<f32>,
    expected: f32,
    got: f32,
) -> Result<(), String> {
    let limit = tolerance.ulp();
    if ulp > limit {
        return Err(format!(
            "element {i}: x = {x:e} ({:#010x}), dy = {dy:?}: expected {expected:e} ({:#010x}), got {got:e} \
             ({:#010x}), {ulp:.2} ulp off",
            x.to_bits(),
            expected.to_bits(),
            got.to_bits(),
        ));
    }
    if ulp > worst.ulp {
        *worst = Worst { ulp, x };
    }
    Ok(())
}
