//! Links one activation and one variant into a module.
//!
//! Whole files are joined; WGSL does not care for their order, and nothing is substituted inside one.
//! What is generated here are the one-line wrappers that give the activation its variant name, and what calls
//! the loads and stores of words.rs.

use crate::activation::table::Gradient;
use crate::activation::{Activation, source};
use crate::minify::wgsl_file;
use crate::operand::{Direction, Indexing, OPERANDS, Operand};
use crate::shader::variant::{Addressing, BindingSlot, ChannelPattern, Variant, VectorWidth};
use crate::shader::words::{Words, binding, conversions, is_atomic, word};
use crate::shader::{Shader, storage};

const PARAMS: &str = wgsl_file!("kernel/params.wgsl");
const GRID: &str = wgsl_file!("kernel/grid.wgsl");
const MASK_GRID: &str = wgsl_file!("kernel/mask_grid.wgsl");
const FORWARD: &str = wgsl_file!("kernel/forward.wgsl");
const GRADIENT: &str = wgsl_file!("kernel/gradient.wgsl");
const MULTIPLY: &str = wgsl_file!("kernel/multiply.wgsl");
const PASS: &str = wgsl_file!("kernel/pass.wgsl");
const MASKED_FORWARD: &str = wgsl_file!("kernel/masked_forward.wgsl");
const MASK_GRADIENT: &str = wgsl_file!("kernel/mask_gradient.wgsl");
const ADD: &str = wgsl_file!("kernel/add.wgsl");
const CHANNELS: &str = wgsl_file!("kernel/channels.wgsl");
const ROWS: &str = wgsl_file!("kernel/rows.wgsl");
const STRIDED: &str = wgsl_file!("kernel/strided.wgsl");
const DIVIDE: &str = wgsl_file!("kernel/divide.wgsl");
const DIVIDE_WIDE: &str = wgsl_file!("kernel/divide_wide.wgsl");
const DRAW: &str = wgsl_file!("kernel/draw.wgsl");
const GATE: &str = wgsl_file!("kernel/gate.wgsl");
const GATE_GRADIENT: &str = wgsl_file!("kernel/gate_gradient.wgsl");

/// An activation linked with a variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ElementwiseShader {
    /// Its name.
    pub(crate) activation: &'static str,
    pub(crate) variant: Variant,
    pub(crate) width: VectorWidth,
    /// One for each operand.
    pub(crate) slots: Vec<BindingSlot>,
    pub(crate) pattern: ChannelPattern,
}

impl Shader for ElementwiseShader {
    fn name(&self) -> String {
        [self.activation, " ", self.variant.name()].concat()
    }

    fn source(&self) -> String {
        Activation::named(self.activation).map_or(String::new(), |found| {
            operation(found, self.variant, self.width, &self.slots, self.pattern)
        })
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let own = self.slots.iter().filter(|slot| !matches!(slot, BindingSlot::SharedWith(_)));
        own.map(|slot| storage(*slot == BindingSlot::ReadWrite)).collect()
    }
}

/// The source of the module; `slots` has one entry for each operand.
pub(crate) fn operation(
    activation: &Activation,
    variant: Variant,
    width: VectorWidth,
    slots: &[BindingSlot],
    pattern: ChannelPattern,
) -> String {
    let of_each = |item: &dyn Fn(&str) -> String| {
        OPERANDS.iter().map(|row| item(row.name)).collect::<String>()
    };
    let is_own = |slot: &&BindingSlot| !matches!(slot, BindingSlot::SharedWith(_));
    let params = PARAMS
        .replace("OFFSETS\n", &of_each(&|name| format!("    offset_{name}: u32,\n")))
        .replace("STRIDES\n", &of_each(&|name| format!("    stride_{name}: vec4<u32>,\n")))
        .replace("PARAMS", &slots.iter().filter(is_own).count().to_string());
    let mut parts = vec![params.as_str()];
    let function = source::module(&[*activation]);
    let linear = variant.linear_gate;
    if !linear {
        parts.push(&function);
    }
    let multiply = if activation.passes() { PASS } else { MULTIPLY };
    let (gradient, gate_gradient) = ([GRID, GRADIENT, multiply], [GRID, GATE_GRADIENT, multiply]);
    parts.extend(match (variant.direction, variant.has_mask(), variant.has(Operand::Gate)) {
        (Direction::Forward, false, false) => [GRID, FORWARD].as_slice(),
        (Direction::Forward, true, _) => &[MASK_GRID, MASKED_FORWARD],
        (Direction::Forward, false, true) => &[GRID, GATE],
        (Direction::Gradient, false, false) => &gradient,
        (Direction::Gradient, true, _) => &[MASK_GRID, MASK_GRADIENT],
        (Direction::Gradient, false, true) => &gate_gradient,
    });
    if variant.has(Operand::Bias) || variant.has(Operand::Residual) {
        parts.push(ADD);
    }
    // What the variant calls, unless the activation has brought it along.
    let multiplies =
        variant.direction == Direction::Gradient && (variant.has_mask() || !activation.passes());
    let adds = variant.has(Operand::Bias) || variant.has(Operand::Residual);
    if (multiplies || adds || variant.has(Operand::Gate)) && (linear || !activation.own_wgsl().1) {
        parts.push(source::NUMERICS);
    }
    if variant.has_channels() {
        parts.push(CHANNELS);
    }
    if variant.has_channels() || variant.addressing != Addressing::Contiguous {
        parts.push(if width == VectorWidth::Eight64 { DIVIDE_WIDE } else { DIVIDE });
    }
    match variant.addressing {
        Addressing::Contiguous => {}
        Addressing::Rows => parts.push(ROWS),
        Addressing::Strided => parts.push(STRIDED),
    }
    if variant.random_slopes {
        parts.extend([source::RANDOM, DRAW]);
    }
    parts.push(conversions(variant.input));
    if variant.output != variant.input {
        parts.push(conversions(variant.output));
    }
    let reads = variant.reads();
    let reads_x = reads.iter().any(|(operand, _)| *operand == Operand::X);
    let mut source = parts.join("\n");
    source += &activate(activation.name(), variant);
    source += if variant.has(Operand::Bias) {
        "fn before(data: Data) -> vec4<f32> { return bitcast<vec4<f32>>(add(data.x, data.bias)); }\n"
    } else if reads_x {
        "fn before(data: Data) -> vec4<f32> { return bitcast<vec4<f32>>(data.x); }\n"
    } else {
        ""
    };
    source += if variant.has(Operand::Residual) {
        "fn after(result: vec4<u32>, data: Data) -> vec4<u32> { return add(result, data.residual); }\n"
    } else {
        "fn after(result: vec4<u32>, data: Data) -> vec4<u32> { return result; }\n"
    };
    let selects = activation.gradient() == Gradient::Selects;
    source += &format!("const GRADIENT_SELECTS = {selects};\n");
    if let Some(mask) = activation.mask() {
        let (bits, high, low) = (mask.bits, mask.levels.1.to_bits(), mask.levels.0);
        source += &format!(
            "const MASK_BITS = {bits}u;\nconst MASK_HIGH = {high}u;\nconst MASK_LOW_IS_0 = {};\n",
            low == 0.0
        );
    }
    let operands = variant.operands();
    let mut variables: Vec<&str> = Vec::new();
    let (mut data, mut results) = (Vec::new(), Vec::new());
    let mut number = 0;
    for (index, ((operand, extent), slot)) in operands.iter().zip(slots).enumerate() {
        let row = operand.row().map_or(0, |row| row);
        let (name, element) = (OPERANDS[row].name, variant.element_type(*operand));
        let written = index < variant.writes().len();
        let strided = variant.addressing != Addressing::Contiguous;
        let host =
            if let BindingSlot::SharedWith(host) = slot { usize::from(*host) } else { index };
        // What is written by halves needs atomic words, and so does what is read through its binding.
        let atomic = host < variant.writes().len()
            && operands[host].1 == Indexing::Element
            && is_atomic(width, element);
        variables.push(if host == index { name } else { variables[host] });
        let variable = variables[index];
        if host == index {
            let each = *extent == Indexing::Element;
            let by_words = *extent == Indexing::Channel && pattern == ChannelPattern::Consecutive;
            let word = if each || by_words { word(width, element) } else { "u32" };
            let word = if atomic { "atomic<u32>" } else { word };
            let mode = if *slot == BindingSlot::Read { "read" } else { "read_write" };
            source += &binding(number, name, mode, word);
            number += 1;
        }
        let words = Words { operand: name, variable, element, width, atomic, strided };
        if *extent == Indexing::Element {
            source += &words.position();
        }
        match (extent, written) {
            (Indexing::Mask, _) => {}
            (_, true) => {
                results.push(name);
                source += &words.store();
            }
            (Indexing::Element, _) => {
                data.push(name);
                source += &words.load();
            }
            (Indexing::Channel, _) => {
                data.push(name);
                source += &words.load_by_channel(pattern);
            }
        }
    }
    source += &moves(&data, &results, width, variant.has_mask());
    source
}

/// Gives the activation, or its form with slopes of their own, its variant names.
fn activate(name: &str, variant: Variant) -> String {
    let wrapper = |wrapper: &str, suffix: &str, linear: &str| {
        let call = if variant.linear_gate {
            linear.to_owned()
        } else if variant.random_slopes {
            format!("{name}{suffix}_with(x, {name}_drawn(draw(i), params.activation))")
        } else if variant.has(Operand::Weight) {
            format!("{name}{suffix}_with(x, bitcast<vec4<f32>>(data.weight))")
        } else {
            format!("{name}{suffix}(x, params.activation)")
        };
        format!(
            "fn {wrapper}(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {{ return {call}; }}\n"
        )
    };
    wrapper("activate", "", "x") + &wrapper("activate_grad", "_grad", "vec4<f32>(1.0)")
}

/// What is read and written for four elements and for eight, and what the grids call.
fn moves(data: &[&str], results: &[&str], width: VectorWidth, mask: bool) -> String {
    let joined = |names: &[&str], item: &dyn Fn(&str) -> String| {
        names.iter().map(|name| item(name)).collect::<Vec<_>>().join(", ")
    };
    let quads = |name: &str| format!("{name}: vec4<u32>");
    let mut source = format!(
        "struct Octet {{ first: vec4<u32>, second: vec4<u32> }}\n\
        struct Data {{ {} }}\n\
        struct Results {{ {} }}\n\
        struct Pair {{ first: Data, second: Data }}\n",
        joined(data, &quads),
        joined(results, &quads)
    );
    if matches!(width, VectorWidth::Eight64 | VectorWidth::Eight) {
        let loads: String =
            data.iter().map(|name| format!("let {name} = load_{name}(i); ")).collect();
        let first = joined(data, &|name| format!("{name}.first"));
        let second = joined(data, &|name| format!("{name}.second"));
        let stores: String = results
            .iter()
            .map(|name| format!("store_{name}(i, first.{name}, second.{name}); "))
            .collect();
        source += &format!(
            "const FIRST_BITS = vec4<u32>(1u, 4u, 16u, 64u);\n\
            const SECOND_BITS = vec4<u32>(2u, 8u, 32u, 128u);\n\
            fn word_count() -> u32 {{ return params.length; }}\n\
            fn octet_count() -> u32 {{ return params.length; }}\n\
            fn load_pair(i: u32) -> Pair {{ {loads} return Pair(Data({first}), Data({second})); }}\n\
            fn store_pair(i: u32, first: Results, second: Results) {{ {stores} }}\n"
        );
        if !mask {
            source += "fn run(i: u32) {\n\
                let pair = load_pair(i);\n\
                store_pair(i, compute(pair.first, 2u * i), compute(pair.second, 2u * i + 1u));\n\
            }\n";
        }
        return source;
    }
    let loads = joined(data, &|name| format!("load_{name}(i)"));
    let stores: String =
        results.iter().map(|name| format!("store_{name}(i, results.{name}); ")).collect();
    source += &format!(
        "fn load(i: u32) -> Data {{ return Data({loads}); }}\n\
        fn store(i: u32, results: Results) {{ {stores} }}\n"
    );
    source += match width {
        VectorWidth::One => "fn word_count() -> u32 { return (params.length + 3u) / 4u; }\n",
        _ => "fn word_count() -> u32 { return params.length; }\n",
    };
    source += if mask {
        "const FIRST_BITS = vec4<u32>(1u, 2u, 4u, 8u);\n\
        const SECOND_BITS = vec4<u32>(16u, 32u, 64u, 128u);\n\
        fn octet_count() -> u32 { return (word_count() + 1u) / 2u; }\n\
        fn load_pair(i: u32) -> Pair { return Pair(load(2u * i), load(2u * i + 1u)); }\n\
        fn store_pair(i: u32, first: Results, second: Results) {\n\
            store(2u * i, first);\n\
            if (2u * i + 1u < word_count()) { store(2u * i + 1u, second); }\n\
        }\n"
    } else {
        "fn run(i: u32) { store(i, compute(load(i), i)); }\n"
    };
    source
}
