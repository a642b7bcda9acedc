//! THE table: one row an activation. Everything else about an activation follows from its row and
//! its WGSL file.

use crate::error::{Error, Result};

/// How far a result may be from the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Tolerance {
    /// Every bit of the reference, the sign of a zero and the payload of a NaN included.
    Bits,
    /// The correctly rounded result; zeros are equal, and so are NaNs. Where the device flushes
    /// subnormal numbers (SwiftShader does), a subnormal operand or result may count as 0.
    Exact,
    /// At most this many units in the last place of the true result, or one smallest normal number
    /// (2⁻¹²⁶) where the result is subnormal.
    Ulp(f64),
}

/// How a gradient treats an upstream gradient `dy` where the derivative is exactly 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gradient {
    /// It selects: 0 whatever `dy` is, also where `dy` is infinite or NaN (piecewise linear
    /// activations, as in PyTorch).
    Selects,
    /// It multiplies: `dy · f'(x)`.
    Multiplies,
}

/// Turns the rows below into the enum, its parameters and checks, the reference and the sources.
macro_rules! activations {
    ($(
        $(#[doc = $doc:expr])*
        $variant:ident $(( $( $(#[doc = $parameter_doc:expr])* $parameter:ident = $default:expr ),+ $(,)? ))? {
            name: $name:literal,
            wgsl: $wgsl:ident,
            rules: [$( $ruled:ident: $rule:expr => $text:literal ),*],
            value: |$x:ident| $value:expr,
            derivative: |$dx:ident| $derivative:expr,
            limits: $limits:expr,
            derivative_limits: $derivative_limits:expr,
            kinks: $kinks:expr,
            gradient: $gradient:ident,
            tolerance: [$value_tolerance:expr, $gradient_tolerance:expr],
        }
    )+) => {
        /// An activation and its parameters.
        ///
        /// As text it is its name with the parameters in brackets; parameters left out take their
        /// defaults.
        ///
        /// ```
        /// use wgpu_relu::Activation;
        ///
        /// let leaky: Activation = "leaky_relu(negative_slope=0.2)".parse()?;
        /// assert_eq!(leaky, Activation::LeakyRelu { negative_slope: 0.2 });
        /// assert_eq!(leaky.to_string(), "leaky_relu(negative_slope=0.2)");
        /// assert_eq!("elu".parse::<Activation>()?, Activation::Elu { alpha: 1.0 });
        /// # Ok::<(), wgpu_relu::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Activation {
            $( $(#[doc = $doc])* $variant $({ $( $(#[doc = $parameter_doc])* $parameter: f32 ),+ })?, )+
        }

        #[allow(unused_variables)]
        impl Activation {
            /// Every activation, with its default parameters.
            pub const ALL: &'static [Activation] =
                &[$( Activation::$variant { $($( $parameter: $default ),+)? } ),+];

            /// The name in text form, and the prefix of its WGSL functions.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Activation::$variant { .. } => $name, )+ }
            }

            /// The WGSL source of `name(x, p)` and `name_grad(x, p)`; see [`crate::wgsl`].
            #[must_use]
            pub const fn wgsl(&self) -> &'static str {
                match self { $( Activation::$variant { .. } => sources::$wgsl, )+ }
            }

            /// The parameters' names and values, in the order of their WGSL components.
            #[must_use]
            pub fn parameters(&self) -> Vec<(&'static str, f32)> {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } =>
                        vec![$($( (stringify!($parameter), $parameter) ),+)?], )+
                }
            }

            /// Limits of the value at -∞ and +∞.
            #[must_use]
            pub fn limits(&self) -> (f64, f64) {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        $limits
                    } )+
                }
            }

            /// Limits of the derivative at -∞ and +∞.
            #[must_use]
            pub fn derivative_limits(&self) -> (f64, f64) {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        $derivative_limits
                    } )+
                }
            }

            /// The inputs where the derivative jumps.
            #[must_use]
            pub fn kinks(&self) -> Vec<f32> {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => Vec::from($kinks), )+
                }
            }

            /// What the gradient does where the derivative is exactly 0.
            #[must_use]
            pub const fn gradient(&self) -> Gradient {
                match self { $( Activation::$variant { .. } => Gradient::$gradient, )+ }
            }

            /// How far a value on any device may be from the reference.
            #[must_use]
            pub const fn value_tolerance(&self) -> Tolerance {
                match self { $( Activation::$variant { .. } => $value_tolerance, )+ }
            }

            /// How far a gradient `dy · f'(x)` on any device may be from the reference.
            #[must_use]
            pub const fn gradient_tolerance(&self) -> Tolerance {
                match self { $( Activation::$variant { .. } => $gradient_tolerance, )+ }
            }

            /// Checks the parameters.
            ///
            /// # Errors
            ///
            /// [`Error::InvalidParameter`] for the first parameter outside its range.
            pub fn validate(&self) -> Result<()> {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $( if !$rule {
                            return Err(Error::InvalidParameter {
                                activation: $name,
                                parameter: stringify!($ruled),
                                value: $ruled,
                                rule: $text,
                            });
                        } )*
                        Ok(())
                    } )+
                }
            }

            /// f(x) in f64, straight from the row.
            pub(crate) fn value(&self, at: f64) -> f64 {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        let $x = at;
                        $value
                    } )+
                }
            }

            /// f'(x) in f64, straight from the row.
            pub(crate) fn derivative(&self, at: f64) -> f64 {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        let $dx = at;
                        $derivative
                    } )+
                }
            }

            /// A parameter's place, for reading it from text.
            pub(crate) fn parameter_mut(&mut self, name: &str) -> Option<&mut f32> {
                match self {
                    $( Activation::$variant { $($( $parameter ),+)? } => match name {
                        $($( stringify!($parameter) => Some($parameter), )+)?
                        _ => None,
                    }, )+
                }
            }
        }

        /// The WGSL files of the rows; public as [`crate::wgsl`].
        pub(crate) mod sources {
            $(
                #[doc = concat!("`", $name, "(x, p)` and `", $name, "_grad(x, p)`: see [`Activation::",
                    stringify!($variant), "`](crate::Activation::", stringify!($variant), ").")]
                pub const $wgsl: &str =
                    include_str!(concat!("../shaders/activation/", $name, ".wgsl"));
            )+
        }
    };
}

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
        kinks: [0.0],
        gradient: Selects,
        tolerance: [Tolerance::Bits, Tolerance::Bits],
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
        wgsl: LEAKY_RELU,
        rules: [negative_slope: negative_slope.is_finite() => "finite"],
        value: |x| if x > 0.0 {
            x
        } else if x == f64::NEG_INFINITY && negative_slope == 0.0 {
            0.0
        } else {
            negative_slope * x
        },
        derivative: |x| if x > 0.0 { 1.0 } else { negative_slope },
        limits: (if negative_slope == 0.0 { 0.0 } else { -negative_slope * f64::INFINITY }, f64::INFINITY),
        derivative_limits: (negative_slope, 1.0),
        kinks: [0.0],
        gradient: Selects,
        tolerance: [Tolerance::Exact, Tolerance::Exact],
    }

    /// Exponential linear unit: x for x > 0, else `alpha · (eˣ − 1)`; derivative 1 for x > 0, else
    /// `alpha · eˣ`.
    Elu(
        /// The value at -∞ is `-alpha`: any finite number.
        alpha = 1.0,
    ) {
        name: "elu",
        wgsl: ELU,
        rules: [alpha: alpha.is_finite() => "finite"],
        value: |x| if x > 0.0 { x } else { alpha * x.exp_m1() },
        derivative: |x| if x > 0.0 { 1.0 } else { alpha * x.exp() },
        limits: (-alpha, f64::INFINITY),
        derivative_limits: (0.0, 1.0),
        kinks: [0.0],
        gradient: Multiplies,
        tolerance: [Tolerance::Ulp(2.0), Tolerance::Ulp(3.5)],
    }
}

impl Activation {
    /// The parameters as the shaders' `p`.
    pub(crate) fn uniform(&self) -> [f32; 4] {
        let mut packed = [0.0; 4];
        for (slot, (_, value)) in packed.iter_mut().zip(self.parameters()) {
            *slot = value;
        }
        packed
    }
}
