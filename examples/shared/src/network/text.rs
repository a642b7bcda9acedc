//! Names of activations, initialisations and optimisers on the command line.

use std::fmt;
use std::str::FromStr;

use wgpu_relu::{Activation, Error, Fan, Init};

use super::kernels::Optimizer;

/// The initial slopes of a PReLU, after He et al.
pub const FIRST_SLOPE: f32 = 0.25;

/// The activation of the hidden layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hidden {
    Fixed(Activation),
    /// Leaky ReLU with learned slopes, one per unit.
    Prelu,
}

impl Hidden {
    /// The activation before any training.
    pub fn activation(self) -> Activation {
        match self {
            Hidden::Fixed(activation) => activation,
            Hidden::Prelu => Activation::LeakyRelu { negative_slope: FIRST_SLOPE },
        }
    }

    /// Its name, without parameters.
    pub fn name(self) -> &'static str {
        match self {
            Hidden::Fixed(activation) => activation.name(),
            Hidden::Prelu => "prelu",
        }
    }
}

impl FromStr for Hidden {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "prelu" { Ok(Hidden::Prelu) } else { text.parse().map(Hidden::Fixed) }
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hidden::Fixed(activation) => activation.fmt(f),
            Hidden::Prelu => f.write_str("prelu"),
        }
    }
}

/// An initialisation by name, with the gain of the activation that follows.
pub fn init(text: &str, activation: Activation) -> Result<Init, String> {
    let gain = activation.gain();
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
    Ok(match text.split_once('=') {
        Some(("normal", std)) => Init::Normal { mean: 0.0, std: number(std)? },
        Some(("positive", high)) => Init::Uniform { low: 0.0, high: number(high)? },
        None if text == "he" => Init::HeNormal { fan: Fan::In, gain },
        None if text == "he-uniform" => Init::HeUniform { fan: Fan::In, gain },
        None if text == "xavier" => Init::XavierNormal { gain: 1.0 },
        None if text == "xavier-uniform" => Init::XavierUniform { gain: 1.0 },
        None if text == "lecun" => Init::LecunNormal,
        None if text == "orthogonal" => Init::Orthogonal { gain },
        _ => {
            return Err(format!(
                "{text:?} is none of he, he-uniform, xavier, xavier-uniform, lecun, orthogonal, normal=STD and \
                 positive=HIGH"
            ));
        }
    })
}

/// An optimiser by name, with the rate that suits it.
pub fn optimizer(text: &str) -> Result<(Optimizer, f64), String> {
    match text {
        "adam" => Ok((Optimizer::Adam, 2e-3)),
        "sgd" => Ok((Optimizer::Sgd { momentum: 0.9 }, 0.05)),
        _ => Err(format!("{text:?} is neither adam nor sgd")),
    }
}
