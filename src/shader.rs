//! The shaders: links one activation and one kernel into a module.
//!
//! Whole files are joined; WGSL does not care for their order, and nothing is substituted inside one.
//! What is generated here are the one-line wrappers that give the activation its kernel name, and what calls
//! the loads and stores of words.rs.

use crate::activation::Activation;
use crate::dispatch::{Access, Geometry};
use crate::error::Operand;
use crate::kernel::{Direction, Extent, Kernel, Order};
use crate::table::Gradient;
use crate::texel::{self, Texel};
use crate::wgsl;
use crate::words::{Words, binding, conversions, is_atomic, word};

const OPERATION: &str = include_str!("../shaders/kernel/operation.wgsl");
const GRID: &str = include_str!("../shaders/kernel/grid.wgsl");
const MASK_GRID: &str = include_str!("../shaders/kernel/mask_grid.wgsl");
const FORWARD: &str = include_str!("../shaders/kernel/forward.wgsl");
const GRADIENT: &str = include_str!("../shaders/kernel/gradient.wgsl");
const MULTIPLY: &str = include_str!("../shaders/kernel/multiply.wgsl");
const MASKED_FORWARD: &str = include_str!("../shaders/kernel/masked_forward.wgsl");
const MASK_GRADIENT: &str = include_str!("../shaders/kernel/mask_gradient.wgsl");
const ADD: &str = include_str!("../shaders/kernel/add.wgsl");
const CHANNELS: &str = include_str!("../shaders/kernel/channels.wgsl");
const CONTIGUOUS: &str = include_str!("../shaders/kernel/contiguous.wgsl");
const ROWS: &str = include_str!("../shaders/kernel/rows.wgsl");
const STRIDED: &str = include_str!("../shaders/kernel/strided.wgsl");
const DIVIDE: &str = include_str!("../shaders/kernel/divide.wgsl");
const DIVIDE_WIDE: &str = include_str!("../shaders/kernel/divide_wide.wgsl");
const DRAW: &str = include_str!("../shaders/kernel/draw.wgsl");
const SUM: &str = include_str!("../shaders/kernel/sum.wgsl");

/// A shader, and what a pipeline is compiled for. Parameters are no part of it: they travel in a uniform.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    Operation {
        /// Its name.
        activation: &'static str,
        kernel: Kernel,
        access: Access,
        /// One for each operand that is read.
        places: Vec<Place>,
    },
    /// Sums of words of this access.
    Sum(Access),
    /// On textures.
    Texture(Texel),
}

impl Shader {
    /// For labels.
    pub(crate) fn name(&self) -> String {
        match self {
            Shader::Operation { activation, kernel, .. } => {
                format!("{activation} {}", kernel.name())
            }
            Shader::Sum(_) => "sum".to_owned(),
            Shader::Texture(texel) => format!("{} of textures", texel.activation),
        }
    }

    pub(crate) fn source(&self) -> String {
        match self {
            Shader::Operation { activation, kernel, access, places } => {
                let found = Activation::ALL.iter().find(|a| a.name() == *activation);
                found.map_or(String::new(), |found| operation(found, *kernel, *access, places))
            }
            Shader::Texture(texel) => {
                let found = Activation::ALL.iter().find(|a| a.name() == texel.activation);
                found.map_or(String::new(), |found| texel.source(found))
            }
            Shader::Sum(access) => {
                let float = if *access == Access::Quads { "vec4<f32>" } else { "f32" };
                SUM.to_owned()
                    + &binding(1, "y", "read_write", float)
                    + &binding(2, "x", "read", float)
            }
        }
    }

    /// The numbers and types of the bindings of buffers.
    pub(crate) fn bindings(&self) -> Vec<(u32, wgpu::BufferBindingType)> {
        let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
        let mut bindings = vec![(0, wgpu::BufferBindingType::Uniform), (1, storage(false))];
        match self {
            Shader::Operation { kernel, places, .. } => {
                for (number, place) in (2..).zip(places) {
                    if *place != Place::Output {
                        bindings.push((number, storage(*place == Place::Own)));
                    }
                }
                if kernel.writes().len() > 1 {
                    bindings.push((2 + places.len() as u32, storage(false)));
                }
            }
            Shader::Sum(_) => bindings.push((2, storage(true))),
            Shader::Texture(_) => bindings.truncate(1),
        }
        bindings
    }

    /// Those of textures.
    pub(crate) fn textures(&self) -> Vec<(u32, wgpu::BindingType)> {
        if let Shader::Texture(texel) = self { texel.bindings() } else { Vec::new() }
    }

    /// The shape of the grid, as the shader wants it.
    pub(crate) fn constants(&self, geometry: Geometry) -> Vec<(&'static str, f64)> {
        match self {
            Shader::Operation { kernel, access, .. } => {
                geometry.of(*kernel).constants(*kernel, *access).to_vec()
            }
            Shader::Sum(access) => geometry.constants(Kernel::FORWARD, *access)[..1].to_vec(),
            Shader::Texture(_) => Vec::new(),
        }
    }
}

/// Where an input is bound. A buffer may not be bound for reading and for writing at once, even
/// where the ranges are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A read-only binding of its own.
    Own,
    /// In the output's buffer, and near enough to share its binding.
    Output,
    /// In the output's buffer, too far away for one binding: a writable one of its own.
    OwnWritable,
}

/// The source of the module; `places` has one entry for each operand that is read.
fn operation(activation: &Activation, kernel: Kernel, access: Access, places: &[Place]) -> String {
    let mut parts = vec![activation.wgsl(), OPERATION];
    parts.extend(match (kernel.direction, kernel.mask) {
        (Direction::Forward, false) => [GRID, FORWARD].as_slice(),
        (Direction::Forward, true) => &[MASK_GRID, MASKED_FORWARD],
        (Direction::Gradient, false) => &[GRID, GRADIENT, MULTIPLY],
        (Direction::Gradient, true) => &[MASK_GRID, MASK_GRADIENT],
    });
    if kernel.bias.is_some() || kernel.residual {
        parts.push(ADD);
    }
    if kernel.bias == Some(Extent::Channels) {
        parts.push(CHANNELS);
    }
    if kernel.bias == Some(Extent::Channels) || kernel.order != Order::Contiguous {
        parts.push(if access == Access::WideOctets { DIVIDE_WIDE } else { DIVIDE });
    }
    parts.push(match kernel.order {
        Order::Contiguous => CONTIGUOUS,
        Order::Rows => ROWS,
        Order::Strided => STRIDED,
    });
    if kernel.draws {
        parts.extend([wgsl::RANDOM, DRAW]);
    }
    parts.push(conversions(kernel.input));
    if kernel.output != kernel.input {
        parts.push(conversions(kernel.output));
    }
    let reads = kernel.reads();
    let reads_x = reads.iter().any(|(operand, _)| *operand == Operand::X);
    let mut source = parts.join("\n");
    source += &activate(activation.name(), kernel.draws);
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
    // Bindings: the uniform, the output, what is read, a mask that is written.
    let written = kernel.element(kernel.written());
    let atomic = is_atomic(access, written);
    let y = Words { operand: "y", variable: "y", element: written, access, atomic };
    source +=
        &binding(1, "y", "read_write", if atomic { "atomic<u32>" } else { word(access, written) });
    source += &y.store();
    let mut data = Vec::new();
    for (number, ((operand, extent), place)) in (2..).zip(reads.iter().zip(places)) {
        let name = operand.wgsl();
        let element = kernel.element(*operand);
        let word = if *extent == Extent::Elements { word(access, element) } else { "u32" };
        let variable = match place {
            Place::Output => "y",
            Place::Own => {
                source += &binding(number, name, "read", word);
                name
            }
            Place::OwnWritable => {
                source += &binding(number, name, "read_write", word);
                name
            }
        };
        let atomic = atomic && *place == Place::Output;
        let words = Words { operand: name, variable, element, access, atomic };
        match extent {
            Extent::Elements => {
                data.push(name);
                source += &words.load();
            }
            Extent::Channels => {
                data.push(name);
                source += &words.load_by_channel();
            }
            Extent::Mask => {}
        }
    }
    source += &moves(&data, access, kernel.mask);
    if let Some((operand, _)) = kernel.writes().get(1) {
        source += &binding(2 + reads.len(), operand.wgsl(), "read_write", "u32");
    }
    source
}

/// Gives the activation, or its drawn form, its kernel names.
pub(crate) fn activate(name: &str, draws: bool) -> String {
    let wrapper = |wrapper: &str, suffix: &str| {
        let call = if draws {
            format!("{name}{suffix}_with(x, {name}_drawn(draw(i), operation.parameters))")
        } else {
            format!("{name}{suffix}(x, operation.parameters)")
        };
        format!("fn {wrapper}(x: vec4<f32>, i: u32) -> vec4<f32> {{ return {call}; }}\n")
    };
    wrapper("activate", "") + &wrapper("activate_grad", "_grad")
}

/// Every module in plain WGSL that the crate can make, but for the places of operands in kernels of several
/// parts, with a name.
pub(crate) fn modules() -> Vec<(String, String)> {
    const ALL: [Place; 3] = [Place::Own, Place::Output, Place::OwnWritable];
    let (forward, gradient) = (Kernel::FORWARD, Kernel::GRADIENT);
    let bias = [Extent::Channels, Extent::Elements].map(Some);
    let mut modules: Vec<_> = [Access::Quads, Access::Elements]
        .map(|access| (format!("sum {access:?}"), Shader::Sum(access).source()))
        .into();
    let mut add = |activation: &Activation, kernel: Kernel, places: &[Place]| {
        for access in [Access::Quads, Access::Elements] {
            let name = format!("{} {kernel:?} {access:?} {places:?}", activation.name());
            modules.push((name, operation(activation, kernel, access, places)));
        }
    };
    for activation in Activation::ALL {
        for x in ALL {
            add(activation, forward, &[x]);
            for dy in ALL {
                add(activation, gradient, &[x, dy]);
            }
        }
        let mut kernels = vec![Kernel { residual: true, ..forward }];
        kernels.extend(bias.map(|bias| Kernel { bias, residual: true, ..forward }));
        kernels.extend(bias.map(|bias| Kernel { bias, ..gradient }));
        if activation.mask().is_some() {
            kernels.push(Kernel { mask: true, ..gradient });
            let masks = kernels.clone().into_iter().filter(|k| k.direction == Direction::Forward);
            kernels.extend(masks.map(|kernel| Kernel { mask: true, ..kernel }).collect::<Vec<_>>());
        }
        if activation.draws() {
            let drawn = [forward, gradient].into_iter().chain(kernels.clone());
            let drawn = drawn.filter(|kernel| !kernel.mask);
            kernels
                .extend(drawn.map(|kernel| Kernel { draws: true, ..kernel }).collect::<Vec<_>>());
        }
        for kernel in kernels {
            add(activation, kernel, &vec![Place::Own; kernel.reads().len()]);
        }
    }
    modules.extend(Activation::ALL.iter().flat_map(texel::modules));
    modules
}

/// What is read for four elements and for eight, and what the grids call.
fn moves(data: &[&str], access: Access, mask: bool) -> String {
    let joined = |item: &dyn Fn(&str) -> String| {
        data.iter().map(|name| item(name)).collect::<Vec<_>>().join(", ")
    };
    let mut source = format!(
        "struct Octet {{ first: vec4<u32>, second: vec4<u32> }}
        struct Data {{ {} }}
        struct Pair {{ first: Data, second: Data }}\n",
        joined(&|name| format!("{name}: vec4<u32>"))
    );
    if matches!(access, Access::WideOctets | Access::Octets) {
        let loads: String =
            data.iter().map(|name| format!("let {name} = load_{name}(i); ")).collect();
        let first = joined(&|name| format!("{name}.first"));
        let second = joined(&|name| format!("{name}.second"));
        source += &format!(
            "const FIRST_BITS = vec4<u32>(1u, 4u, 16u, 64u);
            const SECOND_BITS = vec4<u32>(2u, 8u, 32u, 128u);
            fn word_count() -> u32 {{ return operation.length; }}
            fn octet_count() -> u32 {{ return operation.length; }}
            fn load_pair(i: u32) -> Pair {{ {loads} return Pair(Data({first}), Data({second})); }}
            fn store_pair(i: u32, first: vec4<u32>, second: vec4<u32>) {{ store_y(i, first, second); }}\n"
        );
        if !mask {
            source += "fn run(i: u32) {
                let pair = load_pair(i);
                store_pair(i, compute(pair.first, 2u * i), compute(pair.second, 2u * i + 1u));
            }\n";
        }
        return source;
    }
    let loads = joined(&|name| format!("load_{name}(i)"));
    source += &format!("fn load(i: u32) -> Data {{ return Data({loads}); }}\n");
    source += match access {
        Access::Elements => "fn word_count() -> u32 { return (operation.length + 3u) / 4u; }\n",
        _ => "fn word_count() -> u32 { return operation.length; }\n",
    };
    source += if mask {
        "const FIRST_BITS = vec4<u32>(1u, 2u, 4u, 8u);
        const SECOND_BITS = vec4<u32>(16u, 32u, 64u, 128u);
        fn octet_count() -> u32 { return (word_count() + 1u) / 2u; }
        fn load_pair(i: u32) -> Pair { return Pair(load(2u * i), load(2u * i + 1u)); }
        fn store_pair(i: u32, first: vec4<u32>, second: vec4<u32>) {
            store_y(2u * i, first);
            if (2u * i + 1u < word_count()) { store_y(2u * i + 1u, second); }
        }\n"
    } else {
        "fn run(i: u32) { store_y(i, compute(load(i), i)); }\n"
    };
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses and validates every module, without a device.
    #[test]
    fn every_module_is_valid_wgsl() {
        for (_, source) in modules() {
            validate(&source);
        }
        for activation in Activation::ALL {
            let masked = activation.mask().map(|_| Kernel { mask: true, ..Kernel::FORWARD });
            for kernel in [Kernel::FORWARD, Kernel::GRADIENT].into_iter().chain(masked) {
                let places = vec![Place::Own; kernel.reads().len()];
                validate(&operation(activation, kernel, Access::Octets, &places));
            }
        }
    }

    /// The public sources stand alone, and next to each other, and keep the naming rule.
    #[test]
    fn activation_files_stand_alone_and_together() {
        for activation in Activation::ALL {
            let module = validate(activation.wgsl());
            assert!(module.global_variables.is_empty() && module.entry_points.is_empty());
            for (_, function) in module.functions.iter() {
                let function = function.name.as_deref().unwrap_or_default();
                let prefixes = [activation.name(), "numerics_"];
                assert!(prefixes.iter().any(|prefix| function.starts_with(prefix)), "{function}");
            }
        }
        validate(&(crate::wgsl::module(Activation::ALL) + wgsl::RANDOM));
    }

    fn validate(source: &str) -> wgpu::naga::Module {
        use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};
        let module = wgpu::naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{}\n{source}", error.emit_to_string(source)));
        Validator::new(ValidationFlags::all(), Capabilities::SHADER_INT64)
            .validate(&module)
            .unwrap_or_else(|error| panic!("{error:?}\n{source}"));
        module
    }
}
