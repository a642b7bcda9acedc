//! Links one activation and one kernel into a module.
//!
//! Whole files are joined; WGSL does not care for their order, and nothing is substituted inside one.
//! What is generated here are the one-line wrappers that give the activation its kernel name, and the
//! bindings with their loads and stores.

use crate::activation::Activation;
use crate::dispatch::Access;
use crate::table::Gradient;

const GRID: &str = include_str!("../shaders/kernel/grid.wgsl");
const FORWARD: &str = include_str!("../shaders/kernel/forward.wgsl");
const GRADIENT: &str = include_str!("../shaders/kernel/gradient.wgsl");

/// What a kernel computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kernel {
    /// y = f(x).
    Forward,
    /// dx = dy · f'(x).
    Gradient,
}

impl Kernel {
    /// The names of the inputs in WGSL.
    pub(crate) const fn inputs(self) -> &'static [&'static str] {
        match self {
            Kernel::Forward => &["x"],
            Kernel::Gradient => &["x", "dy"],
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kernel::Forward => "forward",
            Kernel::Gradient => "gradient",
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

/// The source of the module; `places` has one entry an input.
pub(crate) fn source(
    activation: &Activation,
    kernel: Kernel,
    access: Access,
    places: &[Place],
) -> String {
    let name = activation.name();
    let selects = activation.gradient() == Gradient::Selects;
    let mut source = format!(
        "{}\n{}\n{GRID}\n\
         fn activate(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}(x, p); }}\n\
         fn activate_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}_grad(x, p); }}\n\
         const GRADIENT_SELECTS = {selects};\n",
        activation.wgsl(),
        match kernel {
            Kernel::Forward => FORWARD,
            Kernel::Gradient => GRADIENT,
        },
    );
    source += quad_count(access);
    source += &binding(1, "y", "read_write", access);
    source += store(access);
    for (index, (input, place)) in kernel.inputs().iter().zip(places).enumerate() {
        let number = index + 2;
        let variable = match place {
            Place::Output => "y",
            Place::Own => {
                source += &binding(number, input, "read", access);
                input
            }
            Place::OwnWritable => {
                source += &binding(number, input, "read_write", access);
                input
            }
        };
        source += &load(input, variable, access);
    }
    source
}

/// Every module the crate can make, with a name.
pub(crate) fn modules() -> Vec<(String, String)> {
    let places = [Place::Own, Place::Output, Place::OwnWritable];
    let mut modules = Vec::new();
    let mut add = |activation: &Activation, kernel: Kernel, access, places: &[Place]| {
        let name = format!("{} {} {access:?} {places:?}", activation.name(), kernel.name());
        modules.push((name, source(activation, kernel, access, places)));
    };
    for activation in Activation::ALL {
        for access in [Access::Quads, Access::Elements] {
            for x in places {
                add(activation, Kernel::Forward, access, &[x]);
                for dy in places {
                    add(activation, Kernel::Gradient, access, &[x, dy]);
                }
            }
        }
    }
    modules
}

fn quad_count(access: Access) -> &'static str {
    match access {
        Access::Quads => "fn quad_count() -> u32 { return operation.length; }\n",
        Access::Elements => "fn quad_count() -> u32 { return (operation.length + 3u) / 4u; }\n",
    }
}

fn binding(number: usize, name: &str, mode: &str, access: Access) -> String {
    let word = match access {
        Access::Quads => "vec4<u32>",
        Access::Elements => "u32",
    };
    format!("@group(0) @binding({number}) var<storage, {mode}> {name}: array<{word}>;\n")
}

/// Reads quad `i` of `operand`, which lies in `variable`. The last quad of single elements may be
/// part of one; what it lacks is filled with the last element, so that no load leaves the range.
fn load(operand: &str, variable: &str, access: Access) -> String {
    match access {
        Access::Quads => format!(
            "fn load_{operand}(i: u32) -> vec4<u32> {{ return {variable}[operation.{operand} + i]; }}\n"
        ),
        Access::Elements => format!(
            "fn load_{operand}(i: u32) -> vec4<u32> {{
                let e = vec4<u32>(operation.{operand})
                    + min(vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(operation.length - 1u));
                return vec4<u32>({variable}[e.x], {variable}[e.y], {variable}[e.z], {variable}[e.w]);
            }}\n"
        ),
    }
}

fn store(access: Access) -> &'static str {
    match access {
        Access::Quads => "fn store_y(i: u32, quad: vec4<u32>) { y[operation.y + i] = quad; }\n",
        Access::Elements => {
            "fn store_y(i: u32, quad: vec4<u32>) {
                let e = operation.y + 4u * i;
                let left = operation.length - 4u * i;
                y[e] = quad.x;
                if (left > 1u) { y[e + 1u] = quad.y; }
                if (left > 2u) { y[e + 2u] = quad.z; }
                if (left > 3u) { y[e + 3u] = quad.w; }
            }\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses and validates every module the crate can make, without a device.
    #[test]
    fn every_module_is_valid_wgsl() {
        for (_, source) in modules() {
            validate(&source);
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
        validate(&crate::wgsl::module(Activation::ALL));
    }

    fn validate(source: &str) -> wgpu::naga::Module {
        use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};
        let module = wgpu::naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{}\n{source}", error.emit_to_string(source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{error:?}\n{source}"));
        module
    }
}
