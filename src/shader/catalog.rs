//! Every shader there is, for tests.

use crate::activation::Activation;
use crate::element::ElementType;
use crate::shader::Module;
use crate::shader::elementwise::operation;
#[cfg(feature = "init")]
use crate::shader::fill::Fill;
use crate::shader::statistics::Observed;
use crate::shader::sum::{Sum, Summand};
use crate::shader::texture::{FORMATS, Texel};
use crate::shader::variant::{Access, Direction, Extent, Gate, Kernel, Order, Place, Spread};

/// Every module the crate compiles, with a name, for tests of other compilers: every activation in every kernel, in plain WGSL; but for the places of operands in kernels of
/// several parts, and for combinations of what is independent: element types, orders, spreads.
#[doc(hidden)]
#[must_use]
pub fn kernels() -> Vec<(String, String)> {
    use Place::{Own, OwnWritable, With};
    let (forward, gradient) = (Kernel::FORWARD, Kernel::GRADIENT);
    let mut modules = Vec::new();
    for access in [Access::Quads, Access::Elements] {
        let of_slopes = [ElementType::F32, ElementType::F16].map(|e| Summand::Slopes([e; 2]));
        for summand in [Summand::Values].into_iter().chain(of_slopes) {
            let sum = Sum { summand, access };
            modules.push((format!("{sum:?}"), sum.source()));
        }
    }
    let elements = ElementType::ALL.iter().copied();
    let observed = elements.clone().map(Observed::Elements).chain([Observed::Records]);
    let layers = Activation::ALL.iter().map(|activation| Observed::Layer(activation.name()));
    let observed = observed.chain(layers);
    modules.extend(observed.map(|o| (format!("units {o:?}"), o.source())));
    #[cfg(feature = "init")]
    modules.extend(elements.map(|element| (format!("fill {element}"), Fill(element).source())));
    let mut add = |activation: &Activation, kernel: Kernel, places: &[Place], spread: Spread| {
        let octets = kernel.has_halves() && kernel.by_octets();
        for access in [Access::Octets, Access::Quads, Access::Elements] {
            if access != Access::Octets || octets {
                let name =
                    format!("{} {kernel:?} {access:?} {places:?} {spread:?}", activation.name());
                modules.push((name, operation(activation, kernel, access, places, spread)));
            }
        }
    };
    for activation in Activation::ALL {
        for x in [Own, With(0), OwnWritable] {
            add(activation, forward, &[OwnWritable, x], Spread::Same);
            for dy in [Own, With(0), OwnWritable] {
                add(activation, gradient, &[OwnWritable, x, dy], Spread::Same);
            }
        }
        for kernel in kernels_of(activation) {
            add(activation, kernel, &own(kernel), Spread::Any);
        }
    }
    for spread in [Spread::Same, Spread::Consecutive] {
        let bias = Kernel { bias: Some(Extent::Channels), ..forward };
        add(&Activation::Relu, bias, &own(bias), spread);
    }
    modules.extend(Activation::ALL.iter().flat_map(textures));
    modules
}

/// The kernels of several parts that an activation has.
fn kernels_of(activation: &Activation) -> Vec<Kernel> {
    let (forward, gradient) = (Kernel::FORWARD, Kernel::GRADIENT);
    let bias = [Extent::Channels, Extent::Elements].map(Some);
    let mut kernels = vec![Kernel { residual: true, ..forward }];
    kernels.extend(bias.map(|bias| Kernel { bias, residual: true, ..forward }));
    kernels.extend(bias.map(|bias| Kernel { bias, ..gradient }));
    kernels.push(Kernel { residual: true, ..gradient });
    let gates = [forward, gradient].map(|kernel| Kernel { gate: Some(Gate::Activated), ..kernel });
    kernels.extend(gates);
    if activation.mask().is_some() {
        kernels.push(Kernel { mask: true, ..gradient });
        kernels.push(Kernel { mask: true, residual: true, ..gradient });
        let forwards = kernels.clone().into_iter();
        let forwards = forwards.filter(|k| k.direction == Direction::Forward && k.gate.is_none());
        kernels.extend(forwards.map(|kernel| Kernel { mask: true, ..kernel }).collect::<Vec<_>>());
    }
    if activation.draws() {
        let plain = [forward, gradient];
        let drawn = plain.into_iter().chain(kernels.clone());
        let drawn = drawn.filter(|kernel| !kernel.mask && kernel.gate.is_none());
        kernels.extend(drawn.map(|kernel| Kernel { draws: true, ..kernel }).collect::<Vec<_>>());
        kernels.extend(plain.map(|kernel| Kernel { weights: true, ..kernel }));
    }
    if *activation == Activation::Relu {
        let linear =
            [forward, gradient].map(|kernel| Kernel { gate: Some(Gate::Linear), ..kernel });
        kernels.extend(linear);
        for order in [Order::Rows, Order::Strided] {
            let strided = kernels.clone().into_iter().filter(|k| k.order == Order::Contiguous);
            kernels.extend(strided.map(|kernel| Kernel { order, ..kernel }).collect::<Vec<_>>());
        }
    }
    let (f32, f16, bf16) = (ElementType::F32, ElementType::F16, ElementType::Bf16);
    for (input, output) in [(f16, f16), (bf16, bf16), (f32, f16), (bf16, f32)] {
        kernels.extend([forward, gradient].map(|kernel| Kernel { input, output, ..kernel }));
        if *activation == Activation::Relu {
            let all = kernels.clone().into_iter().filter(|kernel| !kernel.has_halves());
            kernels.extend(all.map(|k| Kernel { input, output, ..k }).collect::<Vec<_>>());
        }
    }
    kernels
}

/// Every operand in a buffer of its own.
fn own(kernel: Kernel) -> Vec<Place> {
    let written = kernel.writes().len();
    let place = |index| if index < written { Place::OwnWritable } else { Place::Own };
    (0..kernel.operands().len()).map(place).collect()
}

/// Every module of an activation in formats that WebGPU guarantees, with a name.
fn textures(activation: &Activation) -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for (format, name) in FORMATS {
        let guaranteed = format.guaranteed_format_features(wgpu::Features::empty()).flags;
        for in_place in [false, true] {
            if in_place && !guaranteed.contains(wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE)
            {
                continue;
            }
            let texel = Texel { activation: activation.name(), format, in_place };
            let name = format!("texture {} {name}, in place: {in_place}", activation.name());
            modules.push((name, texel.source()));
        }
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::source;

    /// Parses and validates every module, without a device.
    #[test]
    fn every_module_is_valid_wgsl() {
        for summand in [Summand::Values, Summand::Slopes([ElementType::F16; 2])] {
            validate(&Sum { summand, access: Access::WideOctets }.source());
        }
        for (_, source) in kernels() {
            validate(&source);
        }
        for activation in Activation::ALL {
            for kernel in kernels_of(activation).into_iter().filter(Kernel::by_octets) {
                let access = Access::WideOctets;
                validate(&operation(activation, kernel, access, &own(kernel), Spread::Any));
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
        validate(&(source::module(Activation::ALL) + source::RANDOM));
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
