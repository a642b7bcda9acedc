//! The CPU reference: the activation table's formulas in f64, rounded once.
//!
//! Slow and simple on purpose; every device result is compared with it.
//!
//! ```
//! use wgpu_relu::{Activation, reference};
//!
//! let elu = Activation::Elu { alpha: 1.0 };
//! assert_eq!(reference::forward(elu, &[-1e-20, 2.0]), [-1e-20, 2.0]);
//! assert_eq!(reference::gradient(elu, &[0.0, 2.0], &[3.0, 4.0]), [3.0, 4.0]);
//! ```

use crate::activation::{Activation, Gradient};

/// f(x) in f64. NaN gives NaN.
#[must_use]
pub fn value(activation: Activation, x: f32) -> f64 {
    if x.is_nan() { f64::NAN } else { activation.value(f64::from(x)) }
}

/// f'(x) in f64; at a kink PyTorch's choice.
#[must_use]
pub fn derivative(activation: Activation, x: f32) -> f64 {
    activation.derivative(f64::from(x))
}

/// dL/dx in f64 from x and dy = dL/dy: `dy · f'(x)`, or the selected 0 (see [`Gradient`]).
#[must_use]
pub fn gradient_value(activation: Activation, x: f32, dy: f32) -> f64 {
    let derivative = derivative(activation, x);
    if derivative == 0.0 && activation.gradient() == Gradient::Selects {
        0.0
    } else {
        derivative * f64::from(dy)
    }
}

/// f of every element, rounded to f32. NaN passes with its payload.
#[must_use]
pub fn forward(activation: Activation, x: &[f32]) -> Vec<f32> {
    // Through f64 a signalling NaN would become a quiet one.
    x.iter().map(|&x| if x.is_nan() { x } else { value(activation, x) as f32 }).collect()
}

/// dL/dx of every element, rounded to f32.
///
/// # Panics
///
/// If `x` and `dy` differ in length.
#[must_use]
pub fn gradient(activation: Activation, x: &[f32], dy: &[f32]) -> Vec<f32> {
    assert_eq!(x.len(), dy.len(), "x and dy must have the same length");
    let one = |(&x, &dy): (&f32, &f32)| {
        // As above: dy times 1 is dy with every bit.
        if derivative(activation, x) == 1.0 { dy } else { gradient_value(activation, x, dy) as f32 }
    };
    x.iter().zip(dy).map(one).collect()
}

/// How far `got` is from `exact`, in units in the last place of `exact`: the measure of
/// [`Tolerance::Ulp`](crate::Tolerance::Ulp).
///
/// 0 for the correctly rounded result and for NaN where NaN is due; ∞ for NaN where it is not, and the
/// other way round. Where `exact` is below the normal numbers, errors of up to the smallest of them
/// count as 0: devices may flush there.
///
/// ```
/// use wgpu_relu::reference::ulp_error;
///
/// assert_eq!(ulp_error(1.0, 1.0f32.next_up()), 1.0);
/// assert_eq!(ulp_error(1e-40, 0.0), 0.0);
/// assert_eq!(ulp_error(1.0, f32::NAN), f64::INFINITY);
/// ```
#[must_use]
pub fn ulp_error(exact: f64, got: f32) -> f64 {
    let rounded = exact as f32;
    if rounded == got || (exact.is_nan() && got.is_nan()) {
        return 0.0;
    }
    if exact.is_nan() || got.is_nan() || exact.is_infinite() {
        return f64::INFINITY;
    }
    let smallest_normal = f64::from(f32::MIN_POSITIVE);
    // An overflow stands where the next larger number would.
    let got = if got.is_infinite() { f64::from(got.signum()) * 2f64.powi(128) } else { got.into() };
    let error = (got - exact).abs();
    if exact.abs() < smallest_normal && error <= smallest_normal {
        return 0.0;
    }
    let exponent = exact.abs().clamp(smallest_normal, f32::MAX.into()).log2().floor();
    error / (exponent - 23.0).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_in_the_last_place() {
        let infinity = f64::INFINITY;
        let below_two = 2.0f32.next_down();
        for (exact, got, error) in [
            (1.5, 1.5f32.next_down(), 1.0),
            (f64::from(below_two), 2.0, 1.0),
            (2.0, below_two, 0.5),
            (-3.25, -3.25f32.next_up().next_up(), 2.0),
            (0.0, -0.0, 0.0),
            (0.0, f32::MIN_POSITIVE, 0.0),
            (0.0, 1e-37, infinity),
            (f64::from(f32::MAX), f32::INFINITY, 1.0),
            (f64::from(f32::MAX), f32::NEG_INFINITY, infinity),
            (1e39, f32::INFINITY, 0.0),
            (infinity, f32::MAX, infinity),
            (f64::NAN, 0.0, infinity),
            (f64::NAN, f32::NAN, 0.0),
        ] {
            let found = ulp_error(exact, got);
            let right = if error == infinity { found > 1e5 } else { found == error };
            assert!(right, "{exact:e} and {got:e}: {found}, not {error}");
        }
    }

    /// A variety of parameters, beside the defaults.
    fn subjects() -> Vec<Activation> {
        let mut all = Activation::ALL.to_vec();
        for a in [0.0, 0.3, -0.5, 2.0] {
            all.push(Activation::LeakyRelu { negative_slope: a });
            all.push(Activation::Elu { alpha: a });
        }
        all
    }

    #[test]
    fn the_derivative_is_the_slope_of_the_value() {
        for activation in subjects() {
            for i in -4000..4000 {
                let x = f64::from(i) * 0.005 + 0.001_234;
                let h = 1e-5;
                if activation.kinks().iter().any(|&k| (f64::from(k) - x).abs() <= 2.0 * h) {
                    continue;
                }
                let slope = (activation.value(x + h) - activation.value(x - h)) / (2.0 * h);
                let derivative = activation.derivative(x);
                assert!(
                    (slope - derivative).abs() <= 1e-6 * derivative.abs().max(1.0),
                    "{activation} at {x}: slope {slope}, derivative {derivative}"
                );
            }
        }
    }

    #[test]
    fn infinities_give_the_limits() {
        for activation in subjects() {
            let (low, high) = activation.limits();
            assert_eq!(value(activation, f32::NEG_INFINITY), low, "{activation}");
            assert_eq!(value(activation, f32::INFINITY), high, "{activation}");
            let (low, high) = activation.derivative_limits();
            assert_eq!(derivative(activation, f32::NEG_INFINITY), low, "{activation}");
            assert_eq!(derivative(activation, f32::INFINITY), high, "{activation}");
            // And the limits are where the function goes.
            let (low, high) = activation.limits();
            for (limit, far) in [(low, -1e30), (high, 1e30)] {
                let near = activation.value(far);
                if limit.is_infinite() {
                    assert!(near.abs() > 1e20 && near.signum() == limit.signum(), "{activation}");
                } else {
                    assert!((near - limit).abs() < 1e-12, "{activation}: {near} against {limit}");
                }
            }
        }
    }

    #[test]
    fn kinks_follow_pytorch() {
        assert_eq!(derivative(Activation::Relu, 0.0), 0.0);
        assert_eq!(
            derivative(Activation::LeakyRelu { negative_slope: 0.2 }, 0.0),
            f64::from(0.2f32)
        );
        assert_eq!(derivative(Activation::Elu { alpha: 0.7 }, 0.0), f64::from(0.7f32));
    }

    #[test]
    fn relu_keeps_what_numpy_keeps() {
        let bits =
            [0x8000_0000u32, 0x7f80_0001, 0xffc1_2345, 0xff80_0000, 0x8000_0001, 0x7f80_0000];
        let kept = [0x8000_0000u32, 0x7f80_0001, 0xffc1_2345, 0, 0, 0x7f80_0000];
        let y = forward(Activation::Relu, &bits.map(f32::from_bits));
        assert_eq!(y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), kept);
    }

    #[test]
    fn a_dead_input_stops_everything_but_a_nan_input_passes() {
        assert_eq!(
            gradient(Activation::Relu, &[-1.0, 0.0], &[f32::INFINITY, f32::NAN]),
            [0.0, 0.0]
        );
        assert_eq!(gradient(Activation::Relu, &[f32::NAN], &[3.0]), [3.0]);
        let leaky = Activation::LeakyRelu { negative_slope: 0.5 };
        assert_eq!(gradient(leaky, &[f32::NAN], &[3.0]), [1.5]);
        assert!(gradient(Activation::Elu { alpha: 1.0 }, &[f32::NAN], &[3.0])[0].is_nan());
    }
}
