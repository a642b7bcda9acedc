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

use crate::activation::Activation;
use crate::activation::table::{DerivativeTerms, Gradient, Tolerance};

/// Computes f(x) in f64; at ±∞ the limit. NaN gives NaN.
#[must_use]
pub fn value(activation: Activation, x: f32) -> f64 {
    match x {
        f32::NEG_INFINITY => activation.limits().0,
        f32::INFINITY => activation.limits().1,
        x if x.is_nan() => f64::NAN,
        x => activation.value(f64::from(x)),
    }
}

/// Computes f'(x) in f64; at ±∞ the limit, at a kink PyTorch's choice.
#[must_use]
pub fn derivative(activation: Activation, x: f32) -> f64 {
    derivative_terms(activation, x).sum
}

fn derivative_terms(activation: Activation, x: f32) -> DerivativeTerms {
    match x {
        f32::NEG_INFINITY => activation.derivative_limits().0.into(),
        f32::INFINITY => activation.derivative_limits().1.into(),
        x if x.is_nan() => activation.derivative_at_nan().into(),
        x => activation.derivative(f64::from(x)),
    }
}

/// Computes dL/dx in f64 from x and dy = dL/dy: `dy · f'(x)`, or the selected 0 (see [`Gradient`]). A
/// derivative that f32 cannot hold counts as infinite, and is 0 times a `dy` of 0.
#[must_use]
pub fn gradient_value(activation: Activation, x: f32, dy: f32) -> f64 {
    let derivative = derivative(activation, x);
    let dead = derivative == 0.0 && activation.gradient() == Gradient::Selects;
    let overflows = (derivative as f32).is_infinite();
    if dead || (overflows && dy == 0.0) {
        0.0
    } else if overflows {
        derivative.signum() * f64::INFINITY * f64::from(dy)
    } else {
        derivative * f64::from(dy)
    }
}

/// Computes f of every element, rounded to f32. NaN passes with its payload.
#[must_use]
pub fn forward(activation: Activation, x: &[f32]) -> Vec<f32> {
    // Through f64 a signalling NaN would become a quiet one.
    x.iter().map(|&x| if x.is_nan() { x } else { value(activation, x) as f32 }).collect()
}

/// Computes dL/dx of every element, rounded to f32.
///
/// # Panics
///
/// If `x` and `dy` differ in length.
#[must_use]
pub fn gradient(activation: Activation, x: &[f32], dy: &[f32]) -> Vec<f32> {
    assert_eq!(x.len(), dy.len(), "x and dy must have the same length");
    let one = |(&x, &dy): (&f32, &f32)| {
        // dy times 1 is dy, payload of a NaN included. f64 would make a signalling NaN quiet.
        if derivative(activation, x) == 1.0 { dy } else { gradient_value(activation, x, dy) as f32 }
    };
    x.iter().zip(dy).map(one).collect()
}

/// How far `got` is from `exact`, in units in the last place of `exact`: the measure of
/// [`Tolerance::Ulp`].
///
/// 0 for the correctly rounded result and for NaN where NaN is due; ∞ for NaN where it is not, and the
/// other way round. Where `exact` is below the normal numbers, errors of up to the smallest of them
/// count as 0: other libraries' results may be flushed there.
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
    error_in(exact, got, ulp(exact), 0.0)
}

/// [`ulp_error`] of a value. An input below the normal numbers may count as 0, as for other libraries on devices that flush.
#[must_use]
pub fn value_ulp_error(activation: Activation, x: f32, got: f32) -> f64 {
    at_or_zero(x, |x| ulp_error(value(activation, x), got))
}

/// The error of the derivative that explains a gradient `got`, in units in the last place of the
/// derivative; the rounding of the product with `dy` does not count.
///
/// Where the derivative is a sum of two terms that cancel (beside the zeros of gelu', silu', mish' and
/// similar), the unit is that of the larger term. Where the derivative is below the normal numbers,
/// an error of up to the smallest of them counts as 0, and an x or dy below them may count as 0.
#[must_use]
pub fn gradient_ulp_error(activation: Activation, x: f32, dy: f32, got: f32) -> f64 {
    at_or_zero(x, |x| at_or_zero(dy, |dy| gradient_ulp_error_at(activation, x, dy, got)))
}

/// The smaller error where a device may have flushed the operand.
fn at_or_zero(x: f32, error: impl Fn(f32) -> f64) -> f64 {
    if x.is_subnormal() { error(x).min(error(0.0)) } else { error(x) }
}

fn gradient_ulp_error_at(activation: Activation, x: f32, dy: f32, got: f32) -> f64 {
    let exact = gradient_value(activation, x, dy);
    let terms = derivative_terms(activation, x);
    let smallest_normal = f64::from(f32::MIN_POSITIVE);
    let tiny =
        terms.sum.abs() < 2.0 * smallest_normal && activation.gradient() == Gradient::Multiplies;
    if tiny && !dy.is_finite() {
        // A subnormal derivative may be 0 on the device: NaN and infinity are both right.
        return if got.is_finite() { f64::INFINITY } else { 0.0 };
    }
    let magnitude = f64::from(dy.abs());
    let product = if magnitude == 1.0 { 0.0 } else { 0.5 * ulp(exact) };
    let slack = if tiny { smallest_normal * magnitude } else { 0.0 };
    let unit = ulp(terms.largest.max(terms.sum.abs())) * magnitude;
    error_in(exact, got, unit, slack + product)
}

/// The errors of many results: how many there are, the largest and where, and the mean.
///
/// ```
/// use wgpu_relu::{Activation, reference};
///
/// let mut errors = reference::Errors::default();
/// for (x, y) in [(1.0f32, 1.0f32), (-1.0, 0.0)] {
///     errors.add(x, reference::value_ulp_error(Activation::Relu, x, y));
/// }
/// assert!(errors.within(Activation::Relu.value_tolerance()));
/// assert_eq!((errors.count, errors.differing, errors.worst), (2, 0, 0.0));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Errors {
    /// Results seen.
    pub count: u64,
    /// Results with an error above 0.
    pub differing: u64,
    /// The largest error, in ulp.
    pub worst: f64,
    /// The input where it is largest.
    pub at: f32,
    sum: f64,
    finite: u64,
}

impl Errors {
    /// Counts the result at `x`, which is `ulp` off.
    pub fn add(&mut self, x: f32, ulp: f64) {
        self.count += 1;
        self.differing += u64::from(ulp > 0.0);
        if ulp > self.worst {
            (self.worst, self.at) = (ulp, x);
        }
        if ulp.is_finite() {
            self.sum += ulp;
            self.finite += 1;
        }
    }

    /// The mean of the finite errors. An infinite error would hide the others.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.finite.max(1) as f64
    }

    /// Whether all are within `tolerance`. Errors in ulp know neither the sign of a zero nor a NaN's
    /// payload: for [`Tolerance::Bits`] this is necessary, not sufficient.
    #[must_use]
    pub fn within(&self, tolerance: Tolerance) -> bool {
        self.worst <= tolerance.ulp()
    }
}

/// One unit in the last place of an f32 of this size.
fn ulp(size: f64) -> f64 {
    let size = size.abs().clamp(f32::MIN_POSITIVE.into(), f32::MAX.into());
    (size.log2().floor() - 23.0).exp2()
}

/// The error beyond `slack` in `unit`s.
fn error_in(exact: f64, got: f32, unit: f64, slack: f64) -> f64 {
    let rounded = exact as f32;
    if rounded == got || (exact.is_nan() && got.is_nan()) {
        return 0.0;
    }
    if exact.is_nan() || got.is_nan() || exact.is_infinite() {
        return f64::INFINITY;
    }
    let smallest_normal = f64::from(f32::MIN_POSITIVE);
    // An overflow counts as the number that would follow the largest f32.
    let got = if got.is_infinite() { f64::from(got.signum()) * 2f64.powi(128) } else { got.into() };
    let error = (got - exact).abs();
    if exact.abs() < smallest_normal && error <= smallest_normal {
        return 0.0;
    }
    (error - slack).max(0.0) / unit
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

    /// Reliability 25.
    #[test]
    fn the_derivative_is_the_slope_of_the_value() {
        for activation in Activation::parameter_sweep() {
            for i in (-4000..4000).step_by(if cfg!(miri) { 1000 } else { 1 }) {
                let x = f64::from(i) * 0.005 + 0.001_234;
                let h = 1e-5;
                if activation.kinks().iter().any(|&k| (f64::from(k) - x).abs() <= 2.0 * h) {
                    continue;
                }
                let slope = (activation.value(x + h) - activation.value(x - h)) / (2.0 * h);
                let derivative = activation.derivative(x).sum;
                if !slope.is_finite() {
                    continue;
                }
                // The rounding of f64 in the difference of such large values, divided by h.
                let noise = 1e-10 * activation.value(x).abs();
                assert!(
                    (slope - derivative).abs() <= 1e-6 * derivative.abs().max(1.0) + noise,
                    "{activation} at {x}: slope {slope}, derivative {derivative}"
                );
            }
        }
    }

    #[test]
    fn the_limits_are_where_the_functions_go() {
        for activation in Activation::parameter_sweep() {
            let (low, high) = activation.limits();
            let (slope_low, slope_high) = activation.derivative_limits();
            for (limit, far, near) in [
                (low, -1e100, activation.value(-1e100)),
                (high, 1e100, activation.value(1e100)),
                (slope_low, -1e100, activation.derivative(-1e100).sum),
                (slope_high, 1e100, activation.derivative(1e100).sum),
            ] {
                if limit.is_infinite() {
                    assert!(
                        near.abs() >= 1e-1 && near.signum() == limit.signum(),
                        "{activation} at {far}: {near}, not towards {limit}"
                    );
                } else {
                    assert!(
                        (near - limit).abs() <= 1e-12 * limit.abs().max(1.0),
                        "{activation} at {far}: {near}, not {limit}"
                    );
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
