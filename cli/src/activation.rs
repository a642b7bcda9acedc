//! Activations as people write them: the library's text form, and the names of PyTorch, ONNX, JAX and others.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use wgpu_relu::Activation;

/// Names elsewhere, in small letters and without `_` and `-`. Names that differ by these alone need no row.
const NAMES: &[(&str, &str)] = &[
    ("expit", "sigmoid"),
    ("geluerf", "gelu"),
    ("gelufast", "gelu_tanh"),
    ("gelunew", "gelu_tanh"),
    ("gelupytorchtanh", "gelu_tanh"),
    ("gelupython", "gelu"),
    ("hardsilu", "hardswish"),
    ("hsigmoid", "hardsigmoid"),
    ("hswish", "hardswish"),
    ("logistic", "sigmoid"),
    ("lrelu", "leaky_relu"),
    ("randomizedleakyrelu", "rrelu"),
    ("relu2", "relu_squared"),
    ("sqrelu", "relu_squared"),
    ("squaredrelu", "relu_squared"),
    ("swish", "silu"),
    ("tanhgelu", "gelu_tanh"),
    ("thresholdedrelu", "threshold"),
];

/// An activation, a parameter's name elsewhere, and its name here.
const PARAMETERS: &[(&str, &str, &str)] = &[
    ("leaky_relu", "alpha", "negative_slope"),
    ("leaky_relu", "slope", "negative_slope"),
    ("hardshrink", "lambd", "lambda"),
    ("softshrink", "lambd", "lambda"),
    ("hardtanh", "max", "max_val"),
    ("hardtanh", "min", "min_val"),
    ("threshold", "alpha", "threshold"),
];

/// What takes more than one input or output, so that a command on one file cannot compute it.
const OTHER_KINDS: &[&str] =
    &["prelu", "crelu", "glu", "reglu", "geglu", "swiglu", "bilinear", "softmax", "maxout"];

/// A command-line value that is an activation. Help and completions list the names.
#[derive(Debug, Clone)]
pub(crate) struct ActivationParser;

impl TypedValueParser for ActivationParser {
    type Value = Activation;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Activation, clap::Error> {
        TypedValueParser::parse_ref(&parse, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            Activation::ALL.iter().map(|activation| PossibleValue::new(activation.name())),
        ))
    }
}

/// Reads an activation such as `elu(alpha=0.5)`, `nn.ELU(0.5, inplace=True)` or `swish`.
pub(crate) fn parse(text: &str) -> Result<Activation, String> {
    let (name, list) = match text.trim().split_once('(') {
        None => (text.trim(), ""),
        Some((name, rest)) => {
            let list = rest.strip_suffix(')');
            (name.trim_end(), list.ok_or("the text must end with the closing bracket")?.trim())
        }
    };
    let mut name = named(name)?;
    let of_name = Activation::ALL.iter().find(|activation| activation.name() == name);
    let example = of_name.map(Activation::to_string).unwrap_or_default();
    let mut keys = of_name.map(Activation::parameters).unwrap_or_default().into_iter();
    let mut parameters: Vec<String> = Vec::new();
    let mut by_name = false;
    for item in list.split(',').map(str::trim).filter(|_| !list.is_empty()) {
        let (key, value) = match item.split_once('=') {
            Some((key, value)) => (Some(key.trim()), value.trim()),
            None => (None, item),
        };
        let value = value.trim_matches(['"', '\'']);
        by_name |= key.is_some();
        let key = match (key, value) {
            (Some("approximate"), _) | (None, "none" | "tanh") if name.starts_with("gelu") => {
                name = match value {
                    "tanh" | "True" | "true" => "gelu_tanh",
                    "none" | "None" | "False" | "false" => "gelu",
                    _ => return Err(format!("approximate is {value:?}, but must be none or tanh")),
                };
                continue;
            }
            // Tells PyTorch where to put the result.
            (Some("inplace"), _) | (None, "True" | "False") => continue,
            (Some(key), _) => {
                let here = PARAMETERS.iter().find(|row| (row.0, row.1) == (name, key));
                here.map_or(key, |row| row.2)
            }
            (None, _) if by_name => {
                return Err(format!("{item:?} needs its name, as in {example}, after another one"));
            }
            (None, _) => match keys.next() {
                Some((key, _)) => key,
                None => return Err(format!("{item:?} is one parameter too many; write {example}")),
            },
        };
        parameters.push(format!("{key}={value}"));
    }
    // The library checks keys and values.
    let text = format!("{name}({})", parameters.join(","));
    text.parse().map_err(|error: wgpu_relu::Error| error.to_string())
}

/// The library's name for a name of any library, with or without a module before it (`torch.nn.functional.relu`).
fn named(text: &str) -> Result<&'static str, String> {
    let own_name = text.rsplit(['.', ':']).next().unwrap_or(text);
    let wanted = squeezed(own_name);
    let names = || {
        let own = Activation::ALL
            .iter()
            .map(|activation| (squeezed(activation.name()), activation.name()));
        own.chain(NAMES.iter().map(|&(there, here)| (there.to_owned(), here)))
    };
    if let Some((_, here)) = names().find(|(name, _)| *name == wanted) {
        return Ok(here);
    }
    if OTHER_KINDS.contains(&&*wanted) {
        return Err(format!(
            "{own_name:?} is not a function of one number; the tool has only those, and the library has gated units, \
             learned slopes and crelu too"
        ));
    }
    // Comparing a long text would take long.
    let wanted: String = wanted.chars().take(40).collect();
    let most = 1 + wanted.chars().count() / 3;
    let mut near: Vec<(usize, &str)> = names()
        .map(|(name, here)| (strsim::damerau_levenshtein(&name, &wanted), here))
        .filter(|&(distance, _)| distance <= most)
        .collect();
    near.sort_by_key(|&(distance, _)| distance);
    let mut nearest: Vec<&str> = Vec::new();
    for (_, here) in near {
        if nearest.len() < 3 && !nearest.contains(&here) {
            nearest.push(here);
        }
    }
    let nearest = match &*nearest {
        [] => String::new(),
        names => format!("; the nearest names are {}", names.join(", ")),
    };
    let all: Vec<&str> = Activation::ALL.iter().map(Activation::name).collect();
    Err(format!("no activation is named {own_name:?}{nearest} (of {})", all.join(", ")))
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|letter| !"_- ".contains(*letter)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    #[test]
    fn names_of_other_libraries_are_taken() {
        for (text, expected) in [
            ("SiLU", "silu"),
            ("swish", "silu"),
            ("LeakyReLU(0.2)", "leaky_relu(negative_slope=0.2)"),
            ("nn.LeakyReLU(0.2, True)", "leaky_relu(negative_slope=0.2)"),
            ("LeakyRelu(alpha = 0.3)", "leaky_relu(negative_slope=0.3)"),
            ("torch.nn.ReLU(inplace=True)", "relu"),
            ("F.gelu", "gelu"),
            ("gelu(approximate=tanh)", "gelu_tanh"),
            ("GELU(approximate='tanh')", "gelu_tanh"),
            ("GELU(\"none\")", "gelu"),
            ("jax.nn.gelu(approximate=True)", "gelu_tanh"),
            ("gelu_pytorch_tanh", "gelu_tanh"),
            ("ELU(alpha=1.0, inplace=True)", "elu"),
            ("elu(0.5)", "elu(alpha=0.5)"),
            ("Softplus(2, threshold=10)", "softplus(beta=2,threshold=10)"),
            ("RReLU(0.1, 0.3)", "rrelu(lower=0.1,upper=0.3)"),
            ("Hardtanh(-2, 2)", "hardtanh(min_val=-2,max_val=2)"),
            ("hard_tanh(min=-2, max=2)", "hardtanh(min_val=-2,max_val=2)"),
            ("Hardshrink(lambd=0.25)", "hardshrink(lambda=0.25)"),
            ("Threshold(0.1, 20)", "threshold(threshold=0.1,value=20)"),
            ("hard-swish", "hardswish"),
            ("LogSigmoid()", "log_sigmoid"),
            ("Activation::QuickGelu", "quick_gelu"),
        ] {
            let expected: Activation = expected.parse().unwrap();
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for activation in Activation::parameter_sweep() {
            assert_eq!(parse(&activation.to_string()), Ok(activation));
        }
        for (_, here) in NAMES {
            assert!(Activation::ALL.iter().any(|activation| activation.name() == *here), "{here}");
        }
        for (activation, _, parameter) in PARAMETERS {
            let activation: Activation = activation.parse().unwrap();
            assert!(
                activation.parameters().iter().any(|(name, _)| name == parameter),
                "{parameter}"
            );
        }
    }

    #[test]
    fn mistakes_are_told_with_what_is_right() {
        for (text, part) in [
            ("rellu", "nearest names are relu, "),
            ("mihs", "nearest names are mish"),
            ("sofplus", "nearest names are softplus"),
            ("swich", "nearest names are silu"),
            ("zzzzzzzzzz", "(of relu, relu6"),
            ("", "no activation is named \"\""),
            ("prelu", "not a function of one number"),
            ("elu(0.5", "closing bracket"),
            ("elu(0.5)x", "closing bracket"),
            ("elu(0.5, 2)", "\"2\" is one parameter too many; write elu(alpha=1)"),
            ("softplus(beta=2, 10)", "\"10\" needs its name"),
            ("elu(0.5, alpha=2)", "alpha is given twice"),
            ("elu(beta=2)", "no parameter \"beta\"; write elu(alpha=1)"),
            ("elu(one)", "\"one\" is no number for alpha"),
            ("gelu(approximate=erf)", "must be none or tanh"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn any_text_gives_an_activation_or_an_error() {
        let seeds = [
            "nn.LeakyReLU(0.2, inplace=True)",
            "gelu(approximate='tanh')",
            "softplus(beta=2,threshold=1e-3)",
        ];
        fuzz::mutate(&seeds.map(str::as_bytes), |text| {
            let text = String::from_utf8_lossy(text);
            if let Ok(activation) = parse(&text) {
                assert_eq!(parse(&activation.to_string()), Ok(activation), "{text:?}");
            }
        });
    }
}
