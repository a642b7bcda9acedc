//! The choices of a person, and their text form.

use std::fmt::Write;

use wgpu_relu::{Activation, Fan, Init};

use super::sets::{Point, Set};
use crate::network::kernels::{Loss, Optimizer};
use crate::network::text::Hidden;
use crate::network::{IDENTITY, Plan};

/// The most layers and units that a person can choose.
pub const LAYERS: usize = 8;
pub const UNITS: usize = 64;
/// The most points that a person can paint, so that the text form stays short.
pub const PAINTED: usize = 200;

/// Initial weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// N(0, 0.01²).
    Small,
    /// Evenly from 0 to 0.1.
    Positive,
    Xavier,
    He,
}

impl Initial {
    pub const ALL: [Initial; 4] = [Initial::Small, Initial::Positive, Initial::Xavier, Initial::He];

    pub fn name(self) -> &'static str {
        match self {
            Initial::Small => "small",
            Initial::Positive => "positive",
            Initial::Xavier => "xavier",
            Initial::He => "he",
        }
    }

    fn init(self, activation: Activation) -> Init {
        match self {
            Initial::Small => Init::Normal { mean: 0.0, std: 0.01 },
            Initial::Positive => Init::Uniform { low: 0.0, high: 0.1 },
            Initial::Xavier => Init::XavierNormal { gain: 1.0 },
            Initial::He => Init::HeNormal { fan: Fan::In, gain: activation.gain() },
        }
    }
}

/// An optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Sgd,
    /// SGD with a momentum of 0.9.
    Momentum,
    Adam,
}

impl Rule {
    pub const ALL: [Rule; 3] = [Rule::Sgd, Rule::Momentum, Rule::Adam];

    pub fn name(self) -> &'static str {
        match self {
            Rule::Sgd => "sgd",
            Rule::Momentum => "momentum",
            Rule::Adam => "adam",
        }
    }

    fn optimizer(self) -> Optimizer {
        match self {
            Rule::Sgd => Optimizer::Sgd { momentum: 0.0 },
            Rule::Momentum => Optimizer::Sgd { momentum: 0.9 },
            Rule::Adam => Optimizer::Adam,
        }
    }
}

/// A hidden layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    pub units: usize,
    pub activation: Hidden,
}

/// All choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub set: Set,
    pub noise: f32,
    pub painted: Vec<Point>,
    pub layers: Vec<Layer>,
    pub initial: Initial,
    pub rule: Rule,
    pub rate: f32,
    pub batch: usize,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            set: Set::Spiral,
            noise: 0.02,
            painted: Vec::new(),
            layers: vec![Layer { units: 32, activation: Hidden::Fixed(Activation::Relu) }; 2],
            initial: Initial::He,
            rule: Rule::Adam,
            rate: 0.01,
            batch: 32,
            seed: 1,
        }
    }
}

impl Settings {
    /// These settings with other layers: all of one width and activation.
    pub fn with_layers(self, count: usize, units: usize, activation: Hidden) -> Self {
        Settings { layers: vec![Layer { units, activation }; count], ..self }
    }

    pub(super) fn plan(&self, batch: usize) -> Plan {
        let widths = [2].into_iter().chain(self.layers.iter().map(|layer| layer.units)).chain([2]);
        let first = self.layers.first().map_or(IDENTITY, |layer| layer.activation.activation());
        let init = self.initial.init(first);
        // The last layer has no activation after it.
        let last = self.initial.init(IDENTITY);
        Plan {
            widths: widths.collect(),
            hidden: self.layers.iter().map(|layer| layer.activation).collect(),
            output: IDENTITY,
            loss: Loss::CrossEntropy,
            optimizer: self.rule.optimizer(),
            init: [init, last],
            bias: 0.0,
            batch,
            seed: self.seed,
        }
    }

    /// Pairs of a name and a value.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let layers =
            self.layers.iter().map(|layer| format!("{}:{}", layer.units, layer.activation));
        let mut pairs = vec![
            ("set", self.set.name().to_owned()),
            ("noise", self.noise.to_string()),
            ("layers", layers.collect::<Vec<_>>().join(";").replace(' ', "")),
            ("init", self.initial.name().to_owned()),
            ("rule", self.rule.name().to_owned()),
            ("rate", self.rate.to_string()),
            ("batch", self.batch.to_string()),
            ("seed", self.seed.to_string()),
        ];
        if !self.painted.is_empty() {
            pairs.push(("painted", painted(&self.painted)));
        }
        pairs
    }

    /// Takes a value by its name. An unknown name or a value out of range changes nothing, because the text may come from
    /// another version.
    pub fn take(&mut self, name: &str, value: &str) {
        match name {
            "set" => choose(&mut self.set, value, &Set::ALL, Set::name),
            "noise" => number(&mut self.noise, value, 0.0..=0.5),
            "layers" => {
                let layers: Option<Vec<_>> = value.split(';').map(layer).collect();
                if let Some(layers) = layers.filter(|layers| (1..=LAYERS).contains(&layers.len())) {
                    self.layers = layers;
                }
            }
            "init" => choose(&mut self.initial, value, &Initial::ALL, Initial::name),
            "rule" => choose(&mut self.rule, value, &Rule::ALL, Rule::name),
            "rate" => number(&mut self.rate, value, 0.0..=100.0),
            "batch" => number(&mut self.batch, value, 1..=256),
            "seed" => number(&mut self.seed, value, 0..=u64::MAX),
            "painted" => self.painted = from_painted(value),
            _ => {}
        }
    }
}

fn choose<T: Copy>(slot: &mut T, value: &str, all: &[T], name: impl Fn(T) -> &'static str) {
    if let Some(found) = all.iter().find(|&&one| name(one) == value) {
        *slot = *found;
    }
}

fn number<T: std::str::FromStr + PartialOrd>(
    slot: &mut T,
    value: &str,
    range: std::ops::RangeInclusive<T>,
) {
    if let Some(number) = value.parse().ok().filter(|number| range.contains(number)) {
        *slot = number;
    }
}

/// `units:activation`.
fn layer(text: &str) -> Option<Layer> {
    let (units, activation) = text.split_once(':')?;
    let units = units.parse().ok().filter(|units| (1..=UNITS).contains(units))?;
    Some(Layer { units, activation: activation.parse().ok()? })
}

/// Two hexadecimal digits per coordinate, and the class.
fn painted(points: &[Point]) -> String {
    let byte = |part: f32| (127.5 * (part.clamp(-1.0, 1.0) + 1.0)).round() as u8;
    points.iter().fold(String::new(), |mut text, Point { at: [x, y], class }| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{:02x}{:02x}{class}", byte(*x), byte(*y));
        text
    })
}

fn from_painted(text: &str) -> Vec<Point> {
    let part = |text: &str| Some(f32::from(u8::from_str_radix(text, 16).ok()?) / 127.5 - 1.0);
    let point = |at: usize| {
        let class = text.get(at + 4..at + 5)?.parse().ok().filter(|&class| class < 2)?;
        Some(Point { at: [part(text.get(at..at + 2)?)?, part(text.get(at + 2..at + 4)?)?], class })
    };
    (0..text.len() / 5).take(PAINTED).filter_map(|index| point(5 * index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_text() {
        let mut settings = Settings {
            set: Set::Painted,
            painted: vec![Point { at: [-1.0, 1.0], class: 1 }, Point { at: [1.0, -1.0], class: 0 }],
            rule: Rule::Momentum,
            initial: Initial::Small,
            ..Default::default()
        };
        settings.layers[0].activation = Hidden::Fixed(Activation::Elu { alpha: 0.5 });
        settings.layers[1].activation = Hidden::Prelu;
        let mut read = Settings::default();
        for (name, value) in settings.pairs() {
            assert!(!value.contains([' ', '&', '#']), "{name}={value}");
            read.take(name, &value);
        }
        assert_eq!(read, settings);
    }

    #[test]
    fn bad_values_change_nothing() {
        let mut read = Settings::default();
        for (name, value) in [
            ("set", "moon"),
            ("noise", "-1"),
            ("noise", "NaN"),
            ("layers", ""),
            ("layers", "65:relu"),
            ("layers", "8:rellu"),
            ("rate", "1e9"),
            ("batch", "0"),
            ("seed", "-1"),
            ("who", "1"),
        ] {
            read.take(name, value);
            assert_eq!(read, Settings::default(), "{name}={value}");
        }
        read.take("painted", "zz00100ff2");
        assert!(read.painted.is_empty());
    }
}
