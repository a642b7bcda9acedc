//! An activation's WGSL, as the crate's kernels use it, in naga's MSL, made ready for a C++ compiler.

use naga::back::msl;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{BinaryOperator, Expression, Handle, MathFunction, ScalarKind};
use wgpu_relu::{Activation, Gradient, wgsl};

use crate::Outcome;

const MULTIPLY: &str = include_str!("../../shaders/kernel/multiply.wgsl");
const PASS: &str = include_str!("../../shaders/kernel/pass.wgsl");
const ADD: &str = include_str!("../../shaders/kernel/add.wgsl");
const GATE: &str = include_str!("../../shaders/kernel/gate.wgsl");
const GATE_GRADIENT: &str = include_str!("../../shaders/kernel/gate_gradient.wgsl");

/// The ways in which kernels use an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// f(x) and dy · f'(x).
    Alone,
    /// The same at x plus a bias, and a residual is added to the result.
    WithSums,
    /// u · f(x), and the gradient by x of that.
    Gated,
    /// With a random slope per element.
    RandomSlopes,
    /// A function that other compilers change, to see that they do.
    Naive(&'static str),
}

/// Two probes, in C++.
pub(crate) struct Module {
    pub(crate) activation: Activation,
    pub(crate) form: Form,
    pub(crate) cpp: String,
}

impl Module {
    pub(crate) fn new(activation: Activation, form: Form) -> Outcome<Self> {
        Ok(Module { activation, form, cpp: cpp(&source(activation, form))? })
    }
}

/// The WGSL. It defines `probe_value` and `probe_gradient`, whose results follow from the bits of x and dy. Data moves
/// as integers, as in the kernels.
fn source(activation: Activation, form: Form) -> String {
    if let Form::Naive(expression) = form {
        return format!(
            "fn probe_value(x_bits: vec4<u32>, dy_bits: vec4<u32>, p: vec4<f32>) -> vec4<u32> {{
                let x = bitcast<vec4<f32>>(x_bits);
                let dy = bitcast<vec4<f32>>(dy_bits);
                return bitcast<vec4<u32>>({expression});
            }}
            fn probe_gradient(x: vec4<u32>, dy: vec4<u32>, p: vec4<f32>) -> vec4<u32> {{
                return dy;
            }}"
        );
    }
    let name = activation.name();
    let mut source = wgsl::module(&[activation]);
    if !source.contains(wgsl::NUMERICS) {
        source += wgsl::NUMERICS;
    }
    // The linker's flag becomes a condition.
    let selects = activation.gradient() == Gradient::Selects;
    let multiply = MULTIPLY.replace("#if selects", &format!("if ({selects}) {{"));
    source += if activation.passes() { PASS } else { &multiply };
    source = source.replace("#endif", "}");
    match form {
        Form::Naive(_) => {}
        Form::Alone => {
            source += &probes(
                &format!("bitcast<vec4<u32>>({name}(bitcast<vec4<f32>>(x), p))"),
                &format!("multiply({name}_grad(bitcast<vec4<f32>>(x), p), dy)"),
            );
        }
        Form::WithSums => {
            source += ADD;
            let sum = "bitcast<vec4<f32>>(add(x, dy))";
            source += &probes(
                &format!("add(bitcast<vec4<u32>>({name}({sum}, p)), x)"),
                &format!("add(multiply({name}_grad({sum}, p), dy), x)"),
            );
        }
        Form::Gated => {
            // Both kernels define the same names.
            source += &GATE.replace("compute", "gate").replace("Results", "Gated");
            // Both outputs in one pass. The linker's directives begin with #.
            let both = GATE_GRADIENT.lines().filter(|line| !line.starts_with('#'));
            source += &both.collect::<Vec<_>>().join("\n").replace("OPERAND", "dx, dgate");
            // The third operand is any number, but follows from the other two.
            let data = "Data(dy * 2654435761u, x, dy, p)";
            source += &format!(
                "struct Data {{ x: vec4<u32>, gate: vec4<u32>, dy: vec4<u32>, p: vec4<f32> }}
                struct Gated {{ y: vec4<u32> }}
                struct Results {{ dx: vec4<u32>, dgate: vec4<u32> }}
                fn activate(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {{ return {name}(x, data.p); }}
                fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {{ return {name}_grad(x, data.p); }}"
            );
            source +=
                &probes(&format!("gate({data}, 0u).y"), &format!("compute({data}, 0u).dgate"));
        }
        Form::RandomSlopes => {
            source += wgsl::RANDOM;
            let slopes = format!("{name}_random_slopes(random_uniform(dy), p)");
            source += &probes(
                &format!("bitcast<vec4<u32>>({name}_with(bitcast<vec4<f32>>(x), {slopes}))"),
                &format!("multiply({name}_grad_with(bitcast<vec4<f32>>(x), {slopes}), dy)"),
            );
        }
    }
    source
}

fn probes(value: &str, gradient: &str) -> String {
    format!(
        "fn probe_value(x: vec4<u32>, dy: vec4<u32>, p: vec4<f32>) -> vec4<u32> {{ return {value}; }}
        fn probe_gradient(x: vec4<u32>, dy: vec4<u32>, p: vec4<f32>) -> vec4<u32> {{ return {gradient}; }}"
    )
}

/// The module in C++; metal_shim.hpp has what it calls.
fn cpp(wgsl: &str) -> Outcome<String> {
    let mut module =
        naga::front::wgsl::parse_str(wgsl).map_err(|error| error.emit_to_string(wgsl))?;
    let info = validate(&module)?;
    refuse_rough(&module)?;
    let info = if reroute_divisions(&mut module, &info) == 0 { info } else { validate(&module)? };
    // All loops end, so counters of their iterations are not needed.
    let options = msl::Options { force_loop_bounding: false, ..Default::default() };
    let (text, _) = msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())?;
    Ok(for_clang(&text))
}

fn validate(module: &naga::Module) -> Outcome<ModuleInfo> {
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    Ok(validator.validate(module).map_err(|error| error.into_inner())?)
}

/// The function that stands for division in what naga writes: operators of vectors cannot be overloaded.
const DIVISION: MathFunction = MathFunction::Atan2;

/// Refuses built-in functions whose results WGSL leaves open, other than division, because the shim has no rough forms
/// of them.
fn refuse_rough(module: &naga::Module) -> Outcome<()> {
    for (_, function) in module.functions.iter() {
        for (_, expression) in function.expressions.iter() {
            let Expression::Math { fun, .. } = expression else { continue };
            if !is_exact(*fun) {
                let name = function.name.as_deref().unwrap_or("a function");
                return Err(format!(
                    "{name} calls WGSL's {fun:?}, whose result differs between devices; the same bits need another way"
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Whether every device gives the same result, except for flushed subnormal numbers, signs of zeros and NaN. Rounding
/// to whole numbers would belong here too, but no activation needs it.
pub(crate) fn is_exact(function: MathFunction) -> bool {
    use MathFunction::*;
    matches!(
        function,
        Abs | Min
            | Max
            | Clamp
            | CountTrailingZeros
            | CountLeadingZeros
            | CountOneBits
            | ReverseBits
            | FirstTrailingBit
            | FirstLeadingBit
            | ExtractBits
            | InsertBits
    )
}

/// Replaces the divisions of floats by calls of [`DIVISION`]. Returns their number.
fn reroute_divisions(module: &mut naga::Module, info: &ModuleInfo) -> usize {
    let mut count = 0;
    let types = module.types.clone();
    for (handle, function) in module.functions.iter_mut() {
        let found: Vec<(Handle<Expression>, Expression)> = function
            .expressions
            .iter()
            .filter_map(|(at, expression)| {
                let Expression::Binary { op: BinaryOperator::Divide, left, right } = *expression
                else {
                    return None;
                };
                let is_float =
                    info[handle][at].ty.inner_with(&types).scalar_kind() == Some(ScalarKind::Float);
                let call = Expression::Math {
                    fun: DIVISION,
                    arg: left,
                    arg1: Some(right),
                    arg2: None,
                    arg3: None,
                };
                is_float.then_some((at, call))
            })
            .collect();
        count += found.len();
        for (at, call) in found {
            function.expressions[at] = call;
        }
    }
    count
}

/// Replaces the parts of Metal that C++ lacks: literals of f32 without a suffix, constructors and casts of vectors.
fn for_clang(msl: &str) -> String {
    let mut text = String::new();
    for line in msl.lines().filter(|line| !line.starts_with("#include")) {
        text += &with_suffixes(line);
        text.push('\n');
    }
    for scalar in ["float", "uint", "int", "bool"] {
        for size in 2..=4 {
            let vector = format!("{scalar}{size}(");
            text = text.replace(&format!("metal::{vector}"), &format!("metal::make_{vector}"));
        }
    }
    text.replace("static_cast<", "metal::convert<")
}

/// Adds an `f` to every number with a point or an exponent.
fn with_suffixes(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let mut end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if end == 0 {
            result.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let is_number = first.is_ascii_digit() && !rest.starts_with("0x");
        // The sign of an exponent is part of the number.
        if is_number && rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['-', '+']) {
            let digits = rest[end + 1..].find(|c| !is_word(c));
            end = digits.map_or(rest.len(), |length| end + 1 + length);
        }
        let word = &rest[..end];
        result += word;
        if is_number && word.contains(['.', 'e', 'E']) && !word.ends_with(['f', 'h']) {
            result.push('f');
        }
        rest = &rest[end..];
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_get_a_suffix_and_nothing_else_does() {
        for (before, after) in [
            ("x * 2048.0;", "x * 2048.0f;"),
            ("-1e-30 + 1.5e10, 2e+3", "-1e-30f + 1.5e10f, 2e+3f"),
            ("0x7fffffffu 0x1e5 7u 12 -1", "0x7fffffffu 0x1e5 7u 12 -1"),
            ("_e1.x e12 relu6_ v.xxxx", "_e1.x e12 relu6_ v.xxxx"),
            ("1.0f 2.5h", "1.0f 2.5h"),
        ] {
            assert_eq!(with_suffixes(before), after);
        }
    }

    #[test]
    fn every_division_of_floats_is_rerouted() {
        let wgsl = "fn f(a: vec4<f32>, b: vec4<u32>) -> vec4<f32> {
            let c = b / vec4<u32>(3u);
            return 1.0 / a + vec4<f32>(c) / 2.0;
        }";
        let cpp = cpp(wgsl).unwrap();
        assert_eq!(cpp.matches("metal::atan2(").count(), 2, "{cpp}");
    }

    #[test]
    fn rough_functions_are_refused_by_name() {
        let error = cpp("fn f(a: f32) -> f32 { return exp2(a); }").unwrap_err().to_string();
        assert!(error.contains("f calls WGSL's Exp2"), "{error}");
    }

    #[test]
    fn every_activation_can_be_written() {
        for &activation in Activation::ALL {
            for form in [Form::Alone, Form::WithSums, Form::Gated] {
                let module = Module::new(activation, form).unwrap();
                assert!(module.cpp.contains("probe_gradient("), "{activation}, {form:?}");
            }
        }
    }
}
