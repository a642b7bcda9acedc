//! Modules for models: one per activation, under Burn's name where Burn has it, and [`Activation`] for all, chosen at run time.
//!
//! ```
//! use burn::tensor::{Device, DeviceKind, Tensor};
//! use wgpu_relu_burn::nn::{Elu, EluConfig, Relu};
//!
//! let (relu, elu): (Relu, Elu) = (Relu::new(), EluConfig::new().with_alpha(0.5).init());
//! assert_eq!(elu.to_string(), "elu(alpha=0.5)");
//! let x = Tensor::<1>::from_floats([-1.0, 2.0], &Device::wgpu(DeviceKind::DefaultDevice));
//! let y = elu.forward(relu.forward(x));
//! assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [0.0, 2.0]);
//! ```
//!
//! Burn's `HardSigmoid` has two parameters, and its default differs from PyTorch's; [`Hardsigmoid`] is PyTorch's.

mod gate;
mod named;
mod prelu;
mod rrelu;

use burn::config::Config;

use crate::error::Error;

pub use gate::{Glu, SwiGlu, SwiGluConfig};
pub use named::*;
pub use prelu::{PRelu, PReluConfig};
pub use rrelu::{RRelu, RReluConfig};

/// The configuration of an [`Activation`].
///
/// ```
/// use wgpu_relu_burn::nn::ActivationConfig;
///
/// let leaky = ActivationConfig::new().with_activation("leaky_relu(negative_slope=0.2)".into());
/// assert_eq!(leaky.init()?.to_string(), "leaky_relu(negative_slope=0.2)");
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
#[derive(Config, Debug)]
pub struct ActivationConfig {
    /// The activation as text, with or without parameters. The default is relu.
    #[config(default = "String::from(\"relu\")")]
    pub activation: String,
}

impl ActivationConfig {
    /// Makes the module.
    ///
    /// # Errors
    ///
    /// [`Error::Activation`] if the text names no activation, or a parameter is invalid.
    pub fn init(&self) -> Result<Activation, Error> {
        Ok(Activation::from(self.activation.parse::<crate::Activation>()?))
    }
}

impl From<crate::Activation> for ActivationConfig {
    fn from(activation: crate::Activation) -> Self {
        ActivationConfig { activation: activation.to_string() }
    }
}
