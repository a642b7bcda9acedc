//! Activations to and from text such as `leaky_relu(negative_slope=0.2)`, and element types from text.

use std::fmt;
use std::str::FromStr;

use crate::activation::Activation;
use crate::element::ElementType;
use crate::error::Error;

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let mut before = '(';
        for (name, value) in self.parameters() {
            // The shorter of 0.01 and 1e-30's two forms.
            let exponential = format!("{value:?}");
            let plain = value.to_string();
            let value = if exponential.len() < plain.len() { exponential } else { plain };
            write!(f, "{before}{name}={value}")?;
            before = ',';
        }
        if before == ',' { f.write_str(")") } else { Ok(()) }
    }
}

impl Activation {
    /// The activation of this name, with its default parameters.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        Activation::ALL.iter().find(|activation| activation.name() == name)
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong =
            |reason: String| Error::Parse { what: "an activation", text: text.to_owned(), reason };
        let (name, list) = match text.trim().split_once('(') {
            None => (text.trim(), ""),
            Some((name, rest)) => match rest.split_once(')') {
                Some((list, "")) => (name.trim_end(), list),
                Some((_, after)) => {
                    return Err(wrong(format!("{after:?} follows the closing bracket")));
                }
                None => return Err(wrong("the closing bracket is missing".to_owned())),
            },
        };
        let mut activation = *Activation::named(name).ok_or_else(|| {
            let known: Vec<_> = Activation::ALL.iter().map(Activation::name).collect();
            wrong(format!("{name:?} is none of {}", known.join(", ")))
        })?;
        let example = activation.to_string();
        let mut seen = Vec::new();
        for item in list.split(',').map(str::trim).filter(|_| !list.trim().is_empty()) {
            let Some((key, value)) = item.split_once('=') else {
                return Err(wrong(format!("{item:?} is not name=value, as in {example}")));
            };
            let (key, value) = (key.trim(), value.trim());
            if seen.contains(&key) {
                return Err(wrong(format!("{key} is given twice; give it once")));
            }
            let Some(slot) = activation.parameter_mut(key) else {
                return Err(wrong(format!("{name} has no parameter {key:?}; write {example}")));
            };
            *slot = value
                .parse()
                .map_err(|_| wrong(format!("{value:?} is no number for {key}, as in {example}")))?;
            if slot.is_infinite() && value.contains(|c: char| c.is_ascii_digit()) {
                return Err(wrong(format!("{value} is past the largest f32, 3.4e38")));
            }
            seen.push(key);
        }
        activation.validate()?;
        Ok(activation)
    }
}

impl FromStr for ElementType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = ElementType::ALL.iter().find(|element| element.name() == text);
        found.copied().ok_or_else(|| Error::Parse {
            what: "an element type",
            text: text.to_owned(),
            reason: "it is one of f32, f16, bf16".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_survives_the_round_trip() {
        for activation in Activation::ALL {
            assert_eq!(activation.to_string().parse::<Activation>().unwrap(), *activation);
            assert_eq!(activation.name().parse::<Activation>().unwrap(), *activation);
        }
        for slope in [0.2f32, -3.0, 0.0, 1e-42, f32::MAX, f32::MIN_POSITIVE] {
            let leaky = Activation::LeakyRelu { negative_slope: slope };
            assert_eq!(leaky.to_string().parse::<Activation>().unwrap(), leaky);
        }
        let tiny = Activation::LeakyRelu { negative_slope: -1e-30 };
        assert_eq!(tiny.to_string(), "leaky_relu(negative_slope=-1e-30)");
    }

    #[test]
    fn any_parameters_survive_the_round_trip() {
        let input = bolero::produce::<(u8, [u32; 4])>();
        bolero::check!().with_generator(input).with_iterations(2000).for_each(
            |(number, parameters)| {
                let default = Activation::ALL[usize::from(*number) % Activation::ALL.len()];
                let parameters = parameters.map(f32::from_bits);
                let count = default.parameters().len();
                if let Ok(activation) = default.with_parameters(&parameters[..count]) {
                    assert_eq!(activation.validate(), Ok(()));
                    assert_eq!(activation.to_string().parse(), Ok(activation));
                }
            },
        );
    }

    #[test]
    fn space_is_free_and_brackets_may_be_empty() {
        let spaced = " leaky_relu ( negative_slope = 0.5 ) ".parse::<Activation>().unwrap();
        assert_eq!(spaced, Activation::LeakyRelu { negative_slope: 0.5 });
        assert_eq!("elu()".parse::<Activation>().unwrap(), Activation::Elu { alpha: 1.0 });
    }

    #[test]
    fn mistakes_are_told() {
        for (text, part) in [
            ("rellu", "none of relu, relu6"),
            ("", "none of"),
            ("elu(alpha=1", "closing bracket"),
            ("elu(alpha=1)x", "\"x\" follows"),
            ("elu(1)", "not name=value, as in elu(alpha=1)"),
            ("elu(alpha=)", "no number for alpha"),
            ("elu(beta=1)", "no parameter \"beta\""),
            ("elu(alpha=1,alpha=2)", "twice"),
            ("elu(alpha=1,)", "not name=value"),
            ("relu(alpha=1)", "relu has no parameter"),
            ("elu(alpha=nan)", "alpha is NaN, but must be finite"),
            ("leaky_relu(negative_slope=inf)", "negative_slope is inf, but must be finite"),
            ("leaky_relu(negative_slope=1e300)", "1e300 is past the largest f32"),
        ] {
            let error = text.parse::<Activation>().unwrap_err().to_string();
            assert!(error.contains(part), "{text:?} gave {error:?}");
        }
    }
}
