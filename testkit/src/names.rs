//! Names of the activations in other libraries, and their formulas.

use wgpu_relu::Activation;

/// The name in this crate, in `torch.nn` and in ONNX. An activation that neither has needs no row. scripts/pytorch.py calls
/// what stands under `torch.nn`.
pub(crate) const NAMES: &[(&str, Option<&str>, Option<&str>)] = &[
    ("relu", Some("ReLU"), Some("Relu")),
    ("relu6", Some("ReLU6"), Some("Clip(min = 0, max = 6)")),
    ("leaky_relu", Some("LeakyReLU"), Some("LeakyRelu(alpha = negative_slope)")),
    ("rrelu", Some("RReLU"), None),
    ("elu", Some("ELU"), Some("Elu")),
    ("celu", Some("CELU"), Some("Celu, from opset 12, for alpha > 0")),
    ("selu", Some("SELU"), Some("Selu")),
    ("gelu", Some("GELU"), Some("Gelu, from opset 20")),
    (
        "gelu_tanh",
        Some("GELU(approximate=\"tanh\")"),
        Some("Gelu(approximate = \"tanh\"), from opset 20"),
    ),
    ("quick_gelu", None, Some("com.microsoft.QuickGelu, only in ONNX Runtime")),
    ("silu", Some("SiLU"), Some("Swish, from opset 24")),
    ("mish", Some("Mish"), Some("Mish, from opset 18")),
    ("softplus", Some("Softplus"), Some("Softplus, which has no parameters")),
    ("softsign", Some("Softsign"), Some("Softsign")),
    ("sigmoid", Some("Sigmoid"), Some("Sigmoid")),
    ("tanh", Some("Tanh"), Some("Tanh")),
    ("hardtanh", Some("Hardtanh"), Some("Clip(min = min_val, max = max_val)")),
    ("hardsigmoid", Some("Hardsigmoid"), Some("HardSigmoid(alpha = 1/6, beta = 0.5)")),
    ("hardswish", Some("Hardswish"), Some("HardSwish, from opset 14")),
    ("hardshrink", Some("Hardshrink"), Some("Shrink(lambd = lambda, bias = 0)")),
    ("softshrink", Some("Softshrink"), Some("Shrink(lambd = lambda, bias = lambda)")),
    ("tanhshrink", Some("Tanhshrink"), None),
    ("threshold", Some("Threshold"), Some("ThresholdedRelu(alpha = threshold), for value = 0")),
    ("log_sigmoid", Some("LogSigmoid"), None),
];

/// The names of an activation in `torch.nn` and in ONNX.
#[must_use]
pub fn names(name: &str) -> (Option<&'static str>, Option<&'static str>) {
    let row = NAMES.iter().find(|row| row.0 == name);
    row.map_or((None, None), |&(_, torch, onnx)| (torch, onnx))
}

/// Formula and derivative: the first paragraph of the row's rustdoc.
///
/// None if the paragraph does not have the form `value; derivative derivative.`
#[must_use]
pub fn formulas(activation: &Activation) -> Option<(String, String)> {
    let first = paragraphs(activation.documentation().0).into_iter().next()?;
    let (value, derivative) = first.split_once("; derivative ")?;
    Some((value.to_owned(), derivative.strip_suffix('.')?.to_owned()))
}

/// The paragraphs of a rustdoc, each on one line; a link to an item becomes its name.
pub(crate) fn paragraphs(lines: &[&str]) -> Vec<String> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let paragraphs = lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
    paragraphs.map(|lines| without_links(&lines.join(" "))).collect()
}

fn without_links(text: &str) -> String {
    let mut left = text.to_owned();
    while let Some(start) = left.find("[`") {
        let Some(middle) = left[start..].find("`](crate::").map(|at| start + at) else { break };
        let Some(end) = left[middle..].find("::").and_then(|_| left[middle + 2..].find(')')) else {
            break;
        };
        let name = left[start + 1..=middle].to_owned();
        left.replace_range(start..middle + 2 + end + 1, &name);
    }
    left
}
