//! Floor 3: activations, with their text, reference and WGSL, which need no device.
//!
//! May use the floors below.
//!
//! THE table: one row per activation. Everything else about an activation follows from its row and its WGSL file.
//! CONTRIBUTING.md says what each field of a row means.

pub mod reference;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod text;

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::activation::table::{DerivativeTerms, Gradient, Tolerance, activations};
use crate::error::{Error, Result};
use crate::minify::wgsl_file;

activations! {
    /// Rectified linear unit, `max(x, 0)`; derivative 0 for x ≤ 0, else 1.
    ///
    /// Bit-identical to NumPy's `np.maximum(0, x)` for every f32: NaN passes with its payload,
    /// -0.0 stays -0.0. (`x * (x > 0)` is another function: it turns -∞ into NaN.)
    Relu {
        name: "relu",
        wgsl: RELU,
        rules: [],
        value: |x| if x < 0.0 { 0.0 } else { x },
        derivative: |x| if x <= 0.0 { 0.0 } else { 1.0 },
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        derivative_at_nan: 1.0,
        mask_values: (0.0, 1.0),
        value_passes: true,
        kinks: [0.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Bits, Tolerance::Bits],
    }

    /// `min(max(x, 0), 6)`; derivative 1 strictly between 0 and 6, else 0.
    Relu6 {
        name: "relu6",
        wgsl: RELU6,
        rules: [],
        value: |x| if x < 0.0 { 0.0 } else { x.min(6.0) },
        derivative: |x| if x > 0.0 && x < 6.0 { 1.0 } else { 0.0 },
        limits: (0.0, 6.0),
        derivative_limits: (0.0, 0.0),
        mask_values: (0.0, 1.0),
        kinks: [0.0, 6.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// Leaky ReLU: x for x > 0, else `negative_slope · x`; derivative 1 for x > 0, else
    /// `negative_slope`.
    ///
    /// At -∞ with a slope of 0 the value is the limit 0, where PyTorch gives NaN.
    LeakyRelu(
        /// Slope for x ≤ 0: any finite number, also 0, above 1 or negative.
        negative_slope = 0.01,
    ) {
        name: "leaky_relu",
        wgsl: LEAKY_RELU + numerics,
        rules: [negative_slope: negative_slope.is_finite() => "finite"],
        value: |x| if x > 0.0 { x } else { negative_slope * x },
        derivative: |x| if x > 0.0 { 1.0 } else { negative_slope },
        limits: (if negative_slope == 0.0 { 0.0 } else { -negative_slope * f64::INFINITY }, f64::INFINITY),
        derivative_limits: (negative_slope, 1.0),
        derivative_at_nan: negative_slope,
        mask_values: (negative_slope, 1.0),
        kinks: [0.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// Randomized leaky ReLU as in evaluation: x for x > 0, else `a · x`, where a is the mean of `lower` and
    /// `upper`, rounded to f32; derivative 1 for x > 0, else a.
    ///
    /// In training each element has a slope of its own:
    /// [`GpuActivation::in_training`](crate::GpuActivation::in_training).
    Rrelu(
        /// Lower bound of the slope: finite.
        lower = 0.125,
        /// Upper bound of the slope: finite, at least `lower`.
        upper = 1.0 / 3.0,
    ) {
        name: "rrelu",
        wgsl: RRELU + numerics,
        rules: [lower: lower.is_finite() => "finite", upper: upper.is_finite() && upper >= lower => "finite and at least lower"],
        value: |x| if x > 0.0 { x } else { mean(lower, upper) * x },
        derivative: |x| if x > 0.0 { 1.0 } else { mean(lower, upper) },
        limits: (if mean(lower, upper) == 0.0 { 0.0 } else { -mean(lower, upper) * f64::INFINITY }, f64::INFINITY),
        derivative_limits: (mean(lower, upper), 1.0),
        derivative_at_nan: mean(lower, upper),
        mask_values: (mean(lower.into(), upper.into()) as f32, 1.0),
        random_slopes: true,
        kinks: [0.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// Exponential linear unit: x for x > 0, else `alpha · (eˣ − 1)`; derivative 1 for x > 0, else
    /// `alpha · eˣ`.
    Elu(
        /// The value at -∞ is `-alpha`: any finite number.
        alpha = 1.0,
    ) {
        name: "elu",
        wgsl: ELU + numerics,
        rules: [alpha: alpha.is_finite() => "finite"],
        value: |x| if x > 0.0 { x } else { alpha * x.exp_m1() },
        derivative: |x| if x > 0.0 { 1.0 } else { alpha * x.exp() },
        limits: (-alpha, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [0.0],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// Continuously differentiable ELU: x for x > 0, else `alpha · (e^(x/alpha) − 1)`; derivative 1
    /// for x > 0, else `e^(x/alpha)`.
    Celu(
        /// The value at -∞ is `-alpha`: any finite number but 0.
        alpha = 1.0,
    ) {
        name: "celu",
        wgsl: CELU + numerics,
        rules: [alpha: alpha.is_finite() && alpha != 0.0 => "finite and not 0"],
        value: |x| if x > 0.0 { x } else { alpha * (x / alpha).exp_m1() },
        derivative: |x| if x > 0.0 { 1.0 } else { (x / alpha).exp() },
        limits: (if alpha > 0.0 { -alpha } else { f64::NEG_INFINITY }, f64::INFINITY),
        derivative_limits: (if alpha > 0.0 { 0.0 } else { f64::INFINITY }, 1.0),
        kinks: [0.0],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// Scaled ELU, `λ · elu(x, α)`; derivative λ for x > 0, else `λ · α · eˣ`.
    ///
    /// λ = 1.0507009873554805 and α = 1.6732632423543772 (Klambauer et al., 2017).
    Selu {
        name: "selu",
        wgsl: SELU + numerics,
        rules: [],
        value: |x| if x > 0.0 { SELU_LAMBDA * x } else { SELU_LAMBDA_ALPHA * x.exp_m1() },
        derivative: |x| if x > 0.0 { SELU_LAMBDA } else { SELU_LAMBDA_ALPHA * x.exp() },
        limits: (-SELU_LAMBDA_ALPHA, f64::INFINITY),
        derivative_limits: (0.0, SELU_LAMBDA),
        kinks: [0.0],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// Gaussian error linear unit, `x · Φ(x)` with the standard normal distribution Φ; derivative
    /// `Φ(x) + x · φ(x)`.
    ///
    /// At -∞ the value is the limit 0, where PyTorch gives NaN.
    Gelu {
        name: "gelu",
        wgsl: GELU + numerics,
        rules: [],
        value: |x| x * normal_cdf(x),
        derivative: |x| (normal_cdf(x), x * normal_density(x)),
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(2.0), Tolerance::Ulp(1.5)],
    }

    /// GELU by way of tanh, `x/2 · (1 + tanh u)` with `u = √(2/π) · (x + 0.044715 x³)`; derivative
    /// `(1 + tanh u)/2 + x/2 · (1 − tanh² u) · √(2/π) · (1 + 0.134145 x²)`.
    ///
    /// At -∞ value and derivative are the limit 0, where PyTorch gives NaN.
    GeluTanh {
        name: "gelu_tanh",
        wgsl: GELU_TANH + numerics,
        rules: [],
        value: |x| x * logistic(gelu_tanh_argument(x)),
        derivative: |x| {
            let (s, t) = (logistic(gelu_tanh_argument(x)), logistic(-gelu_tanh_argument(x)));
            (s, x * s * t * gelu_tanh_slope(x))
        },
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// `x · σ(1.702 x)`, with the logistic function σ; derivative `s + 1.702 x · s · (1 − s)` with
    /// `s = σ(1.702 x)`.
    QuickGelu {
        name: "quick_gelu",
        wgsl: QUICK_GELU + numerics,
        rules: [],
        value: |x| x * logistic(1.702 * x),
        derivative: |x| (logistic(1.702 * x), 1.702 * x * logistic(1.702 * x) * logistic(-1.702 * x)),
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// Sigmoid linear unit (swish), `x · σ(x)`; derivative `σ(x) · (1 + x · (1 − σ(x)))`.
    ///
    /// At -∞ the value is the limit 0, where PyTorch gives NaN.
    Silu {
        name: "silu",
        wgsl: SILU + numerics,
        rules: [],
        value: |x| x * logistic(x),
        derivative: |x| (logistic(x), x * logistic(x) * logistic(-x)),
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// `x · t` with `t = tanh(ln(1 + eˣ))`; derivative `t + x · σ(x) · (1 − t²)`.
    ///
    /// At -∞ the value is the limit 0, where PyTorch gives NaN.
    Mish {
        name: "mish",
        wgsl: MISH + numerics,
        rules: [],
        value: |x| x * softplus(x).tanh(),
        derivative: |x| (softplus(x).tanh(), x * logistic(x) / softplus(x).cosh().powi(2)),
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(2.0), Tolerance::Ulp(1.0)],
    }

    /// `ln(1 + e^(beta·x)) / beta`, and x where `beta·x > threshold`; derivative `σ(beta·x)`, and 1
    /// where `beta·x > threshold`.
    Softplus(
        /// Sharpness: finite, above 0.
        beta = 1.0,
        /// Where it becomes linear: finite.
        threshold = 20.0,
    ) {
        name: "softplus",
        wgsl: SOFTPLUS + numerics,
        rules: [beta: beta.is_finite() && beta > 0.0 => "finite and above 0", threshold: threshold.is_finite() => "finite"],
        value: |x| if beta * x > threshold { x } else { softplus(beta * x) / beta },
        derivative: |x| if beta * x > threshold { 1.0 } else { logistic(beta * x) },
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [threshold / beta],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// `x / (1 + |x|)`; derivative `1 / (1 + |x|)²`.
    ///
    /// At ±∞ the value is the limit ±1, where PyTorch gives NaN.
    Softsign {
        name: "softsign",
        wgsl: SOFTSIGN + numerics,
        rules: [],
        value: |x| x / (1.0 + x.abs()),
        derivative: |x| 1.0 / (1.0 + x.abs()).powi(2),
        limits: (-1.0, 1.0),
        derivative_limits: (0.0, 0.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// The logistic function, `σ(x) = 1 / (1 + e⁻ˣ)`; derivative `σ(x) · (1 − σ(x))`.
    Sigmoid {
        name: "sigmoid",
        wgsl: SIGMOID + numerics,
        rules: [],
        value: |x| logistic(x),
        derivative: |x| logistic(x) * logistic(-x),
        limits: (0.0, 1.0),
        derivative_limits: (0.0, 0.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// Hyperbolic tangent, `tanh x`; derivative `1 − tanh² x`.
    Tanh {
        name: "tanh",
        wgsl: TANH + numerics,
        rules: [],
        value: |x| x.tanh(),
        derivative: |x| 1.0 / x.cosh().powi(2),
        limits: (-1.0, 1.0),
        derivative_limits: (0.0, 0.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// `min(max(x, min_val), max_val)`; derivative 1 strictly between `min_val` and `max_val`, else 0.
    ///
    /// At an infinite bound that x reaches, the derivative is the limit 1, where PyTorch gives 0.
    Hardtanh(
        /// Lower bound: no NaN.
        min_val = -1.0,
        /// Upper bound: at least `min_val`.
        max_val = 1.0,
    ) {
        name: "hardtanh",
        wgsl: HARDTANH + numerics,
        rules: [min_val: !min_val.is_nan() => "a number", max_val: max_val >= min_val => "a number and at least min_val"],
        value: |x| if x < min_val { min_val } else { x.min(max_val) },
        derivative: |x| if x > min_val && x < max_val { 1.0 } else { 0.0 },
        limits: (min_val, max_val),
        derivative_limits: (if min_val == f64::NEG_INFINITY && max_val > min_val { 1.0 } else { 0.0 }, if max_val == f64::INFINITY && max_val > min_val { 1.0 } else { 0.0 }),
        mask_values: (0.0, 1.0),
        kinks: [min_val, max_val],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// `min(max(x + 3, 0), 6) / 6`; derivative 1/6 (as f32) strictly between -3 and 3, else 0.
    Hardsigmoid {
        name: "hardsigmoid",
        wgsl: HARDSIGMOID + numerics,
        rules: [],
        value: |x| (x + 3.0).clamp(0.0, 6.0) / 6.0,
        derivative: |x| if x.abs() < 3.0 { f64::from(1.0f32 / 6.0) } else { 0.0 },
        limits: (0.0, 1.0),
        derivative_limits: (0.0, 0.0),
        mask_values: (0.0, 1.0 / 6.0),
        kinks: [-3.0, 3.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// `x · min(max(x + 3, 0), 6) / 6`; derivative 0 for x ≤ -3, `x/3 + 1/2` for x < 3, else 1.
    ///
    /// At -∞ the value is the limit 0, where PyTorch gives NaN.
    Hardswish {
        name: "hardswish",
        wgsl: HARDSWISH + numerics,
        rules: [],
        value: |x| if x < 3.0 { x * (x + 3.0).max(0.0) / 6.0 } else { x },
        derivative: |x| if x <= -3.0 {
            (0.0, 0.0)
        } else if x < 3.0 {
            (x / 3.0, 0.5)
        } else {
            (1.0, 0.0)
        },
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [-3.0, 3.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Ulp(2.0), Tolerance::Ulp(1.0)],
    }

    /// 0 for |x| ≤ `lambda`, else x; derivative 0 for |x| ≤ `lambda`, else 1.
    Hardshrink(
        /// Half the width of the band: finite, at least 0.
        lambda = 0.5,
    ) {
        name: "hardshrink",
        wgsl: HARDSHRINK + numerics,
        rules: [lambda: lambda.is_finite() && lambda >= 0.0 => "finite and at least 0"],
        value: |x| if x.abs() <= lambda { 0.0 } else { x },
        derivative: |x| if x.abs() <= lambda { 0.0 } else { 1.0 },
        limits: (f64::NEG_INFINITY, f64::INFINITY),
        derivative_limits: (1.0, 1.0),
        mask_values: (0.0, 1.0),
        value_passes: true,
        kinks: [-lambda, lambda],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// `x − lambda` for x > `lambda`, `x + lambda` for x < -`lambda`, else 0; derivative 0 for |x| ≤ `lambda`,
    /// else 1.
    Softshrink(
        /// Half the width of the band: finite, at least 0.
        lambda = 0.5,
    ) {
        name: "softshrink",
        wgsl: SOFTSHRINK + numerics,
        rules: [lambda: lambda.is_finite() && lambda >= 0.0 => "finite and at least 0"],
        value: |x| if x.abs() <= lambda { 0.0 } else { x - lambda.copysign(x) },
        derivative: |x| if x.abs() <= lambda { 0.0 } else { 1.0 },
        limits: (f64::NEG_INFINITY, f64::INFINITY),
        derivative_limits: (1.0, 1.0),
        mask_values: (0.0, 1.0),
        kinks: [-lambda, lambda],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// `x − tanh x`; derivative `tanh² x`.
    Tanhshrink {
        name: "tanhshrink",
        wgsl: TANHSHRINK + numerics,
        rules: [],
        value: |x| tanhshrink(x),
        derivative: |x| x.tanh().powi(2),
        limits: (f64::NEG_INFINITY, f64::INFINITY),
        derivative_limits: (1.0, 1.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.5), Tolerance::Ulp(1.0)],
    }

    /// x where x > `threshold`, else `value`; derivative 1 for x > `threshold`, else 0.
    Threshold(
        /// The largest input that becomes `value`: finite.
        threshold = 1.0,
        /// The result for x ≤ `threshold`: finite.
        value = 0.0,
    ) {
        name: "threshold",
        wgsl: THRESHOLD + numerics,
        rules: [threshold: threshold.is_finite() => "finite", value: value.is_finite() => "finite"],
        value: |x| if x > threshold { x } else { value },
        derivative: |x| if x <= threshold { 0.0 } else { 1.0 },
        limits: (value, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        derivative_at_nan: 1.0,
        mask_values: (0.0, 1.0),
        kinks: [threshold],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// `ln σ(x) = min(x, 0) − ln(1 + e^(−|x|))`; derivative `1 − σ(x)`.
    LogSigmoid {
        name: "log_sigmoid",
        wgsl: LOG_SIGMOID + numerics,
        rules: [],
        value: |x| -softplus(-x),
        derivative: |x| logistic(-x),
        limits: (f64::NEG_INFINITY, 0.0),
        derivative_limits: (1.0, 0.0),
        kinks: [],
        blocks_non_finite_dy: false,
        tolerance: [Tolerance::Ulp(1.0), Tolerance::Ulp(1.0)],
    }

    /// `max(x, 0)²`; derivative `2 · max(x, 0)`, infinite past half the largest f32.
    ReluSquared {
        name: "relu_squared",
        wgsl: RELU_SQUARED + numerics,
        rules: [],
        value: |x| if x > 0.0 { x * x } else { 0.0 },
        derivative: |x| if x > 0.0 { 2.0 * x } else { 0.0 },
        limits: (0.0, f64::INFINITY),
        derivative_limits: (0.0, f64::INFINITY),
        kinks: [0.0],
        blocks_non_finite_dy: true,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }
}

impl Activation {
    /// Returns the activation with other parameters, in the order of [`Activation::parameters`]. Parameters that are
    /// left out keep their values.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a value outside its range, [`Error::Unsupported`] for more values than there are
    /// parameters.
    ///
    /// ```
    /// use wgpu_relu::Activation;
    ///
    /// let elu = Activation::Elu { alpha: 1.0 };
    /// assert_eq!(elu.with_parameters(&[0.5]), Ok(Activation::Elu { alpha: 0.5 }));
    /// assert!(elu.with_parameters(&[f32::NAN]).is_err());
    /// ```
    pub fn with_parameters(mut self, values: &[f32]) -> Result<Self> {
        let names = self.parameters();
        if values.len() > names.len() {
            return Err(Error::Unsupported {
                activation: self.name(),
                what: "parameters in that number",
                remedy: "give those of Activation::parameters, in their order",
            });
        }
        for ((name, _), &value) in names.into_iter().zip(values) {
            if let Some(parameter) = self.parameter_mut(name) {
                *parameter = value;
            }
        }
        self.validate()?;
        Ok(self)
    }

    /// Every activation with its defaults, and with parameters that are easily got wrong, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn parameter_sweep() -> Vec<Self> {
        let mut sweep = Self::ALL.to_vec();
        for default in Self::ALL {
            for position in 0..default.parameters().len() {
                for value in [0.0, 0.2, 0.5, 1.0, 2.5, -0.75, 7.0, 1e30, -1e-30] {
                    let mut values: Vec<_> = default.parameters().iter().map(|p| p.1).collect();
                    values[position] = value;
                    sweep.extend(default.with_parameters(&values));
                }
            }
        }
        sweep
    }

    /// Whether the derivative is 0 or 1 everywhere, so that a gradient is dy or 0.
    #[doc(hidden)]
    #[must_use]
    pub fn passes(&self) -> bool {
        self.mask_values() == Some((0.0, 1.0))
    }

    /// Whether a gradient is dy or 0 for every x, NaN too.
    pub(crate) fn gradient_passes(&self) -> bool {
        self.passes() && !self.derivative_at_nan().is_nan()
    }

    /// How a mask encodes the derivative, if it can.
    pub(crate) fn mask(&self) -> Option<Mask> {
        let values = self.mask_values()?;
        // A third value, the NaN of a NaN input, takes a second bit.
        Some(Mask { values, bits: if self.derivative_at_nan().is_nan() { 2 } else { 1 } })
    }

    /// Checks that slopes can be drawn between the bounds. `remedy` is for an activation that has none.
    pub(crate) fn check_random_slopes(&self, remedy: &'static str) -> Result<()> {
        let activation = self.name();
        match *self {
            Activation::Rrelu { lower, upper } if (upper - lower).is_finite() => Ok(()),
            Activation::Rrelu { upper: value, .. } => {
                let (parameter, rule) = ("upper", "less than 2^128 above lower, to draw slopes");
                Err(Error::InvalidParameter { activation, parameter, value, rule })
            }
            _ => Err(Error::Unsupported { activation, what: "random slopes", remedy }),
        }
    }

    /// The parameters as the shaders' `p`.
    #[doc(hidden)]
    #[must_use]
    pub fn uniform(&self) -> [f32; 4] {
        let mut packed = [0.0; 4];
        for (slot, (_, value)) in packed.iter_mut().zip(self.parameters()) {
            *slot = value;
        }
        if let Activation::Rrelu { lower, upper } = self {
            // The width that scales random slopes. A shader's compiler might distribute the difference, so the host
            // takes it.
            packed[2] = upper - lower;
        }
        packed
    }
}

/// A derivative of two values in bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mask {
    /// The derivative where the bit is 0, and where it is 1.
    pub(crate) values: (f32, f32),
    /// Bits per element.
    pub(crate) bits: u32,
}

/// The logistic function.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The standard normal distribution.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The standard normal density.
fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// ln(1 + exp(x)).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// x - tanh(x), by its series where the difference cancels.
fn tanhshrink(x: f64) -> f64 {
    let s = x * x;
    if x.abs() > 0.05 {
        return x - x.tanh();
    }
    let series = 17.0 / 315.0 + s * (-62.0 / 2835.0 + s * 1382.0 / 155_925.0);
    x * s * (1.0 / 3.0 + s * (-2.0 / 15.0 + s * series))
}

/// gelu_tanh(x) is x · σ(this).
fn gelu_tanh_argument(x: f64) -> f64 {
    2.0 * (2.0 / PI).sqrt() * (x + 0.044_715 * x.powi(3))
}

/// The slope of [`gelu_tanh_argument`].
fn gelu_tanh_slope(x: f64) -> f64 {
    2.0 * (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044_715 * x * x)
}

/// The mean of two parameters, rounded to f32 as a shader gets it.
fn mean(lower: f64, upper: f64) -> f64 {
    f64::from((0.5 * (lower + upper)) as f32)
}

/// λ and λα of [`Activation::Selu`].
const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;
const SELU_LAMBDA_ALPHA: f64 = SELU_LAMBDA * 1.673_263_242_354_377_2;
