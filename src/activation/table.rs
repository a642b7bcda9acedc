//! How the table is read: what a row can say, and what follows from it.

/// How far a result may be from the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Tolerance {
    /// Every bit of the reference, the sign of a zero and the payload of a NaN included.
    Bits,
    /// The correctly rounded result, also where operands or results are subnormal; zeros are equal, and so are NaNs.
    Exact,
    /// At most this many units in the last place of the true result, as
    /// [`value_ulp_error`](crate::reference::value_ulp_error) and
    /// [`gradient_ulp_error`](crate::reference::gradient_ulp_error) count them.
    Ulp(f64),
}

impl Tolerance {
    /// The largest error allowed, in ulp; 0 where the result must be exact.
    #[must_use]
    pub const fn ulp(self) -> f64 {
        match self {
            Tolerance::Ulp(limit) => limit,
            Tolerance::Bits | Tolerance::Exact => 0.0,
        }
    }
}

/// A derivative as a sum of one or two terms.
///
/// Where two terms cancel, as beside the zeros of gelu' and similar, no f32 arithmetic keeps an accuracy
/// relative to the sum; there errors count against the larger term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DerivativeTerms {
    pub(crate) sum: f64,
    pub(crate) largest: f64,
}

impl From<f64> for DerivativeTerms {
    fn from(term: f64) -> Self {
        DerivativeTerms { sum: term, largest: term.abs() }
    }
}

impl From<(f64, f64)> for DerivativeTerms {
    fn from((a, b): (f64, f64)) -> Self {
        DerivativeTerms { sum: a + b, largest: a.abs().max(b.abs()) }
    }
}

/// How a gradient treats an upstream gradient `dy` where the derivative is exactly 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gradient {
    /// It selects: 0 whatever `dy` is, also where `dy` is infinite or NaN (piecewise activations, as
    /// PyTorch's ReLU does it).
    Selects,
    /// It multiplies: `dy · f'(x)`, NaN where `dy` is infinite and the derivative vanished.
    Multiplies,
}

/// Turns the rows below into the enum, its parameters and checks, the reference and the sources.
macro_rules! activations {
    ($(
        $(#[doc = $doc:expr])*
        $variant:ident $(( $( $(#[doc = $parameter_doc:expr])* $parameter:ident = $default:expr ),+ $(,)? ))? {
            name: $name:literal,
            wgsl: $wgsl:ident $(+ $helper:ident)?,
            rules: [$( $ruled:ident: $rule:expr => $text:literal ),*],
            value: |$x:ident| $value:expr,
            derivative: |$dx:ident| $derivative:expr,
            limits: $limits:expr,
            derivative_limits: $derivative_limits:expr,
            $(derivative_at_nan: $at_nan:expr,)?
            $(mask_values: $mask_values:expr,)?
            $(value_passes: $value_passes:literal,)?
            $(random_slopes: $random_slopes:expr,)?
            kinks: $kinks:expr,
            blocks_non_finite_dy: $blocks:literal,
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

            /// The lines of its rustdoc, and those of each parameter's.
            #[doc(hidden)]
            #[must_use]
            pub const fn documentation(
                &self,
            ) -> (&'static [&'static str], &'static [&'static [&'static str]]) {
                match self { $( Activation::$variant { .. } => (
                    &[$( $doc ),*],
                    &[$($( &[$( $parameter_doc ),*] ),+)?],
                ), )+ }
            }

            /// The WGSL source of `name(x, p)` and `name_grad(x, p)`, complete; see [`crate::wgsl`].
            #[must_use]
            pub const fn wgsl(&self) -> &'static str {
                match self { $( Activation::$variant { .. } => sources::$wgsl, )+ }
            }

            /// The activation's own file, and whether it calls functions of the shared one.
            pub(crate) const fn own_wgsl(&self) -> (&'static str, bool) {
                match self { $( Activation::$variant { .. } => (
                    wgsl_file!(concat!("activation/", $name, ".wgsl")),
                    !matches!(stringify!($($helper)?).as_bytes(), b""),
                ), )+ }
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
                match self { $( Activation::$variant { .. } =>
                    if $blocks { Gradient::Selects } else { Gradient::Multiplies }, )+ }
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
                        $( let holds: bool = $rule;
                        if !holds {
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
            pub(crate) fn derivative(&self, at: f64) -> DerivativeTerms {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        let $dx = at;
                        DerivativeTerms::from($derivative)
                    } )+
                }
            }

            /// What the derivative counts as for a NaN input.
            pub(crate) fn derivative_at_nan(&self) -> f64 {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        $($( let $parameter = f64::from($parameter); )+)?
                        [$($at_nan,)? f64::NAN][0]
                    } )+
                }
            }

            /// The two values of a derivative that has no others. The upper one, and whether the lower is 0,
            /// are the same whatever the parameters, unless the lower is a parameter.
            pub(crate) fn mask_values(&self) -> Option<(f32, f32)> {
                match *self {
                    $( Activation::$variant { $($( $parameter ),+)? } => {
                        [$(Some($mask_values),)? None][0]
                    } )+
                }
            }

            /// Whether f(x) is x or 0 for every x.
            pub(crate) const fn value_passes(&self) -> bool {
                match self {
                    $( Activation::$variant { .. } => [$($value_passes,)? false][0], )+
                }
            }

            /// Whether there is a form with random slopes.
            pub(crate) const fn has_random_slopes(&self) -> bool {
                match self {
                    $( Activation::$variant { .. } => [$($random_slopes,)? false][0], )+
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
                pub const $wgsl: &str = concat!(
                    $(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", stringify!($helper), ".wgsl")),)?
                    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/activation/", $name, ".wgsl"))
                );
            )+
        }
    };
}

pub(crate) use activations;
