//! Links one activation and one kernel into a module.
//!
//! Whole files are joined; WGSL does not care for their order, and nothing is substituted inside one.
//! What is generated here are the one-line wrappers that give the activation its kernel name, and what calls
//! the loads and stores of words.rs.

use crate::activation::table::Gradient;
use crate::activation::{Activation, source};
use crate::minify::wgsl_file;
use crate::operand::Operand;
use crate::shader::variant::{Access, Direction, Extent, Gate, Kernel, Order, Place, Spread};
use crate::shader::words::{Words, binding, conversions, is_atomic, word};
use crate::shader::{Key, Module, storage};

const OPERATION: &str = wgsl_file!("kernel/operation.wgsl");
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

/// An activation linked with a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Linked {
    /// Its name.
    pub(crate) activation: &'static str,
    pub(crate) kernel: Kernel,
    pub(crate) access: Access,
    /// One for each operand.
    pub(crate) places: Vec<Place>,
    pub(crate) spread: Spread,
}

impl Module for Linked {
    fn key(&self) -> Key {
        Key::of(self.clone())
    }

    fn name(&self) -> String {
        [self.activation, " ", self.kernel.name()].concat()
    }

    fn source(&self) -> String {
        Activation::named(self.activation).map_or(String::new(), |found| {
            operation(found, self.kernel, self.access, &self.places, self.spread)
        })
    }

    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)> {
        let own = (1..).zip(&self.places).filter(|(_, place)| !matches!(place, Place::With(_)));
        own.map(|(number, place)| (number, storage(*place == Place::Own))).collect()
    }
}

/// The source of the module; `places` has one entry for each operand.
pub(crate) fn operation(
    activation: &Activation,
    kernel: Kernel,
    access: Access,
    places: &[Place],
    spread: Spread,
) -> String {
    let mut parts = vec![OPERATION];
    let function = source::module(&[*activation]);
    let linear = kernel.gate == Some(Gate::Linear);
    if !linear {
        parts.push(&function);
    }
    let multiply = if activation.passes() { PASS } else { MULTIPLY };
    let (gradient, gate_gradient) = ([GRID, GRADIENT, multiply], [GRID, GATE_GRADIENT, multiply]);
    parts.extend(match (kernel.direction, kernel.mask, kernel.gate.is_some()) {
        (Direction::Forward, false, false) => [GRID, FORWARD].as_slice(),
        (Direction::Forward, true, _) => &[MASK_GRID, MASKED_FORWARD],
        (Direction::Forward, false, true) => &[GRID, GATE],
        (Direction::Gradient, false, false) => &gradient,
        (Direction::Gradient, true, _) => &[MASK_GRID, MASK_GRADIENT],
        (Direction::Gradient, false, true) => &gate_gradient,
    });
    if kernel.bias.is_some() || kernel.residual {
        parts.push(ADD);
    }
    // What the kernel calls, unless the activation has brought it along.
    let multiplies =
        kernel.direction == Direction::Gradient && (kernel.mask || !activation.passes());
    let adds = kernel.bias.is_some() || kernel.residual;
    if (multiplies || adds || kernel.gate.is_some()) && (linear || !activation.own_wgsl().1) {
        parts.push(source::NUMERICS);
    }
    if kernel.has_channels() {
        parts.push(CHANNELS);
    }
    if kernel.has_channels() || kernel.order != Order::Contiguous {
        parts.push(if access == Access::WideOctets { DIVIDE_WIDE } else { DIVIDE });
    }
    match kernel.order {
        Order::Contiguous => {}
        Order::Rows => parts.push(ROWS),
        Order::Strided => parts.push(STRIDED),
    }
    if kernel.draws {
        parts.extend([source::RANDOM, DRAW]);
    }
    parts.push(conversions(kernel.input));
    if kernel.output != kernel.input {
        parts.push(conversions(kernel.output));
    }
    let reads = kernel.reads();
    let reads_x = reads.iter().any(|(operand, _)| *operand == Operand::X);
    let mut source = parts.join("\n");
    source += &activate(activation.name(), kernel);
    source += if kernel.bias.is_some() {
        "fn before(data: Data) -> vec4<f32> { return bitcast<vec4<f32>>(add(data.x, data.bias)); }\n"
    } else if reads_x {
        "fn before(data: Data) -> vec4<f32> { return bitcast<vec4<f32>>(data.x); }\n"
    } else {
        ""
    };
    source += if kernel.residual {
        "fn after(result: vec4<u32>, data: Data) -> vec4<u32> { return add(result, data.residual); }\n"
    } else {
        "fn after(result: vec4<u32>, data: Data) -> vec4<u32> { return result; }\n"
    };
    let selects = activation.gradient() == Gradient::Selects;
    source += &format!("const GRADIENT_SELECTS = {selects};\n");
    if let Some(mask) = activation.mask() {
        let (words, high, low) = (mask.words, mask.levels.1.to_bits(), mask.levels.0);
        source += &format!(
            "const MASK_WORDS = {words}u;\nconst MASK_HIGH = {high}u;\nconst MASK_LOW_IS_0 = {};\n",
            low == 0.0
        );
    }
    let operands = kernel.operands();
    let mut variables: Vec<&str> = Vec::new();
    let (mut data, mut results) = (Vec::new(), Vec::new());
    for (index, ((operand, extent), place)) in operands.iter().zip(places).enumerate() {
        let (name, element) = (operand.wgsl(), kernel.element(*operand));
        let written = index < kernel.writes().len();
        let strided = kernel.order != Order::Contiguous;
        let host = if let Place::With(host) = place { usize::from(*host) } else { index };
        // What is written by halves needs atomic words, and so does what is read through its binding.
        let atomic = host < kernel.writes().len()
            && operands[host].1 == Extent::Elements
            && is_atomic(access, element);
        variables.push(if host == index { name } else { variables[host] });
        let variable = variables[index];
        if host == index {
            let each = *extent == Extent::Elements;
            let by_words = *extent == Extent::Channels && spread == Spread::Consecutive;
            let word = if each || by_words { word(access, element) } else { "u32" };
            let word = if atomic { "atomic<u32>" } else { word };
            let mode = if *place == Place::Own { "read" } else { "read_write" };
            source += &binding(1 + index, name, mode, word);
        }
        let words = Words { operand: name, variable, element, access, atomic, strided };
        match (extent, written) {
            (Extent::Mask, _) => {}
            (_, true) => {
                results.push(name);
                source += &words.store();
            }
            (Extent::Elements, _) => {
                data.push(name);
                source += &words.load();
            }
            (Extent::Channels, _) => {
                data.push(name);
                source += &words.load_by_channel(spread);
            }
        }
    }
    source += &moves(&data, &results, access, kernel.mask);
    source
}

/// Gives the activation, or its form with slopes of their own, its kernel names.
fn activate(name: &str, kernel: Kernel) -> String {
    let wrapper = |wrapper: &str, suffix: &str, linear: &str| {
        let call = if kernel.gate == Some(Gate::Linear) {
            linear.to_owned()
        } else if kernel.draws {
            format!("{name}{suffix}_with(x, {name}_drawn(draw(i), operation.parameters))")
        } else if kernel.weights {
            format!("{name}{suffix}_with(x, bitcast<vec4<f32>>(data.weight))")
        } else {
            format!("{name}{suffix}(x, operation.parameters)")
        };
        format!(
            "fn {wrapper}(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {{ return {call}; }}\n"
        )
    };
    wrapper("activate", "", "x") + &wrapper("activate_grad", "_grad", "vec4<f32>(1.0)")
}

/// What is read and written for four elements and for eight, and what the grids call.
fn moves(data: &[&str], results: &[&str], access: Access, mask: bool) -> String {
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
    if matches!(access, Access::WideOctets | Access::Octets) {
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
            fn word_count() -> u32 {{ return operation.length; }}\n\
            fn octet_count() -> u32 {{ return operation.length; }}\n\
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
    source += match access {
        Access::Elements => "fn word_count() -> u32 { return (operation.length + 3u) / 4u; }\n",
        _ => "fn word_count() -> u32 { return operation.length; }\n",
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
