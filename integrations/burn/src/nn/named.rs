//! A module per activation, and one for all of them.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::activation::activate;

/// Declares a module, and a configuration if the activation has parameters.
macro_rules! named {
    ($(#[$doc:meta])* $module:ident) => {
        named!(@module $(#[$doc])* $module);

        impl $module {
            /// Makes the module.
            #[must_use]
            pub fn new() -> Self {
                $module { function: crate::Activation::$module }
            }
        }

        impl Default for $module {
            fn default() -> Self {
                $module::new()
            }
        }
    };
    (
        $(#[$doc:meta])* $module:ident, $config:ident, $variant:ident,
        $($(#[$field_doc:meta])* $parameter:ident = $default:literal),+
    ) => {
        named!(@module $(#[$doc])* $module);

        #[doc = concat!("The configuration of [`", stringify!($module), "`].")]
        #[derive(Config, Debug)]
        pub struct $config {
            $($(#[$field_doc])* #[config(default = $default)] pub $parameter: f64,)+
        }

        impl $config {
            /// Makes the module. Parameters are rounded to f32, and checked where the module is used.
            #[must_use]
            pub fn init(&self) -> $module {
                let function = crate::Activation::$variant { $($parameter: self.$parameter as f32),+ };
                $module { function }
            }
        }
    };
    (@module $(#[$doc:meta])* $module:ident) => {
        $(#[$doc])*
        ///
        /// It has no parameters to train, and records store nothing of it.
        #[derive(Module, Debug)]
        #[module(custom_display)]
        pub struct $module {
            #[module(skip)]
            function: crate::Activation,
        }

        impl ModuleDisplay for $module {
            fn custom_settings(&self) -> Option<DisplaySettings> {
                DisplaySettings::new().with_new_line_after_attribute(false).optional()
            }

            fn custom_content(&self, content: Content) -> Option<Content> {
                content.add_formatted(&self.function).optional()
            }
        }

        impl $module {
            /// Computes y = f(x). Cost, shapes and panics are those of [`activate`](crate::activate).
            pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
                activate(x, self.function)
            }

            /// The activation, for [`try_activate`](crate::try_activate).
            #[must_use]
            pub fn activation(&self) -> crate::Activation {
                self.function
            }
        }
    };
}

named!(
    @module
    /// A layer that applies an activation to every element.
    ///
    /// ```
    /// use burn::tensor::{Device, DeviceKind, Tensor};
    /// use wgpu_relu_burn::nn::Activation;
    ///
    /// let device = Device::wgpu(DeviceKind::DefaultDevice);
    /// let gelu = Activation::from(wgpu_relu_burn::Activation::Gelu);
    /// let y = gelu.forward(Tensor::<2>::from_floats([[0.0, 10.0]], &device));
    /// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [0.0, 10.0]);
    /// ```
    Activation
);

impl From<crate::Activation> for Activation {
    fn from(function: crate::Activation) -> Self {
        Activation { function }
    }
}

named!(/** max(x, 0). */ Relu);
named!(/** min(max(x, 0), 6). */ Relu6);
named!(/** The scaled ELU. */ Selu);
named!(/** x · Φ(x), with the error function. */ Gelu);
named!(/** The tanh form of GELU, Burn's `Gelu::new_approximate`. */ GeluTanh);
named!(/** x · σ(1.702 x). */ QuickGelu);
named!(/** x · σ(x), or Swish. */ Silu);
named!(/** x · tanh(softplus(x)). */ Mish);
named!(/** x / (1 + |x|). */ Softsign);
named!(/** The logistic function σ(x). */ Sigmoid);
named!(/** tanh x. */ Tanh);
named!(/** clamp(x + 3, 0, 6) / 6, PyTorch's. */ Hardsigmoid);
named!(/** x · clamp(x + 3, 0, 6) / 6, Burn's `HardSwish`. */ Hardswish);
named!(/** x - tanh x. */ Tanhshrink);
named!(/** ln σ(x). */ LogSigmoid);
named!(/** relu(x)². */ ReluSquared);
named!(
    /** x for x > 0, else the slope times x. */
    LeakyRelu, LeakyReluConfig, LeakyRelu,
    /** The slope. Default: 0.01. */
    negative_slope = "0.01"
);
named!(
    /** x for x > 0, else alpha · (eˣ - 1). */
    Elu, EluConfig, Elu,
    /** The scale. Default: 1. */
    alpha = "1.0"
);
named!(
    /** x for x > 0, else alpha · (e^(x / alpha) - 1). */
    Celu, CeluConfig, Celu,
    /** The scale, not 0. Default: 1. */
    alpha = "1.0"
);
named!(
    /** ln(1 + e^(beta x)) / beta, and x where beta x exceeds the threshold. */
    Softplus, SoftplusConfig, Softplus,
    /** The sharpness, above 0. Default: 1. */
    beta = "1.0",
    /** The largest beta x for which the logarithm is taken. Default: 20. */
    threshold = "20.0"
);
named!(
    /** x between two limits. */
    Hardtanh, HardtanhConfig, Hardtanh,
    /** The lower limit. Default: -1. */
    min_val = "-1.0",
    /** The upper limit. Default: 1. */
    max_val = "1.0"
);
named!(
    /** x where |x| > lambda, else 0. */
    HardShrink, HardShrinkConfig, Hardshrink,
    /** The half width of the band that becomes 0. Default: 0.5. */
    lambda = "0.5"
);
named!(
    /** x moved by lambda towards 0. */
    SoftShrink, SoftShrinkConfig, Softshrink,
    /** How far x moves. Default: 0.5. */
    lambda = "0.5"
);
named!(
    /** x where x exceeds the threshold, else the value. Burn's `ThresholdedRelu` is this with the default value. */
    Threshold, ThresholdConfig, Threshold,
    /** The largest x that becomes the value. Default: 1. */
    threshold = "1.0",
    /** The value. Default: 0. */
    value = "0.0"
);
