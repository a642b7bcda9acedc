//! Lists every shader of the crate, for tests.

use crate::activation::Activation;
use crate::element::ElementType;
use crate::operand::{Direction, Indexing, Operand};
use crate::shader::Shader;
use crate::shader::elementwise::ElementwiseShader;
#[cfg(feature = "init")]
use crate::shader::fill::FillShader;
use crate::shader::statistics::{Statistics, StatisticsInput};
use crate::shader::sum::{Sum, SumInput};
use crate::shader::texture::{FORMATS, TextureShader};
use crate::shader::variant::{Addressing, BindingSlot, ChannelPattern, Variant, VectorWidth};

/// Returns every module that the crate compiles, in plain WGSL and with a name, for tests of other compilers. Two sets
/// are not complete: the bindings that operands share in larger variants, and combinations of independent choices
/// (element types, addressing, patterns of channels).
#[doc(hidden)]
#[must_use]
pub fn kernels() -> Vec<(String, String)> {
    shaders().into_iter().map(|(name, shader)| (name, shader.source())).collect()
}

/// The shaders of [`kernels`], by name.
pub(crate) fn shaders() -> Vec<Named> {
    others().into_iter().chain(elementwise(PLAIN)).collect()
}

/// The modules with 64-bit words, which are an extension of WGSL. [`kernels`] has none of them.
#[doc(hidden)]
#[must_use]
pub fn wide_kernels() -> Vec<(String, String)> {
    let width = VectorWidth::Eight64;
    let sums = [SumInput::Values(ElementType::F32), SumInput::Slopes([ElementType::F16; 2])];
    let sums = sums.into_iter().flat_map(|input| sum(input, width));
    let shaders = sums.into_iter().chain(elementwise(&[width]));
    shaders.map(|(name, shader)| (name, shader.source())).collect()
}

/// The widths of plain WGSL.
const PLAIN: &[VectorWidth] = &[VectorWidth::Eight, VectorWidth::Four, VectorWidth::One];

/// A shader and its name.
pub(crate) type Named = (String, Box<dyn Shader>);

fn sum(input: SumInput, width: VectorWidth) -> [Named; 2] {
    [false, true].map(|accumulates| {
        let added = if accumulates { " accumulating" } else { "" };
        let name = format!("sum {}{added} {}", input.name(), width.name());
        (name, Box::new(Sum { input, width, accumulates, pooled: false }) as Box<dyn Shader>)
    })
}

/// The shaders of [`kernels`] that are not elementwise.
fn others() -> Vec<Named> {
    let mut modules: Vec<Named> = Vec::new();
    for width in [VectorWidth::Four, VectorWidth::One] {
        let of_slopes = [ElementType::F32, ElementType::F16].map(|e| SumInput::Slopes([e; 2]));
        let of_values = ElementType::ALL.iter().copied().map(SumInput::Values);
        for input in of_values.chain(of_slopes) {
            modules.extend(sum(input, width));
        }
    }
    let elements = ElementType::ALL.iter().copied();
    let layers = Activation::ALL.iter().map(|activation| StatisticsInput::Layer(activation.name()));
    let of_elements = elements.clone().map(StatisticsInput::Elements);
    for input in of_elements.chain(layers) {
        for width in [VectorWidth::Four, VectorWidth::One] {
            let name = format!("statistics {} {}", input.name(), width.name());
            modules.push((name, Box::new(Statistics { input, width })));
        }
    }
    let merge = Statistics { input: StatisticsInput::Merge, width: VectorWidth::One };
    modules.push((format!("statistics {}", merge.input.name()), Box::new(merge)));
    #[cfg(feature = "init")]
    for element in elements {
        modules.push((format!("fill {element}"), Box::new(FillShader(element))));
    }
    for activation in Activation::ALL {
        for (name, shader) in textures(activation) {
            modules.push((name, Box::new(shader)));
        }
    }
    modules
}

/// The elementwise shaders of these widths.
fn elementwise(widths: &[VectorWidth]) -> Vec<Named> {
    use BindingSlot::{Read, ReadWrite, SharedWith};
    let (forward, gradient) = (Variant::forward(), Variant::gradient());
    let mut shaders: Vec<Named> = Vec::new();
    let mut add_all = |activation: &Activation,
                       variant: Variant,
                       slots: &[BindingSlot],
                       pattern,
                       unaligned: bool| {
        for &width in widths {
            let fits = match width {
                VectorWidth::Eight64 => variant.by_eight() && !unaligned,
                VectorWidth::Eight => variant.by_eight() && variant.has_16_bit(),
                VectorWidth::Four => true,
                VectorWidth::One => !unaligned && pattern != ChannelPattern::Consecutive,
            };
            if fits {
                let (activation, slots) = (activation.name(), slots.to_vec());
                let unaligned = if unaligned { reads(variant) } else { Vec::new() };
                let shader =
                    ElementwiseShader { activation, variant, width, slots, pattern, unaligned };
                shaders.push((name(&shader), Box::new(shader)));
            }
        }
    };
    for variant in [forward, gradient].into_iter().chain(variants_of(&Activation::Relu)) {
        add_all(&Activation::Relu, variant, &own(variant), ChannelPattern::Any, true);
    }
    let mut add = |activation: &Activation, variant, slots: &[BindingSlot], pattern| {
        add_all(activation, variant, slots, pattern, false);
    };
    for activation in Activation::ALL {
        for x in [Read, SharedWith(0), ReadWrite] {
            add(activation, forward, &[ReadWrite, x], ChannelPattern::Same);
            for dy in [Read, SharedWith(0), ReadWrite] {
                add(activation, gradient, &[ReadWrite, x, dy], ChannelPattern::Same);
            }
        }
        for variant in variants_of(activation) {
            add(activation, variant, &own(variant), ChannelPattern::Any);
        }
    }
    for pattern in [ChannelPattern::Same, ChannelPattern::Consecutive] {
        let bias = forward.with_indexing(Operand::Bias, Some(Indexing::Channel));
        add(&Activation::Relu, bias, &own(bias), pattern);
    }
    shaders
}

/// The variants of an activation beyond the plain ones.
fn variants_of(activation: &Activation) -> Vec<Variant> {
    use Operand::{Bias, Dgate, Dx, DyNegated, Gate, Mask, Residual, Weight, X, YNegated};
    let plain = [Variant::forward(), Variant::gradient()];
    let [forward, gradient] = plain;
    let biases = [Indexing::Channel, Indexing::Element].map(Some);
    let mut variants = vec![forward.with(Residual)];
    variants.extend(biases.map(|bias| forward.with_indexing(Bias, bias).with(Residual)));
    variants.extend(biases.map(|bias| gradient.with_indexing(Bias, bias)));
    variants.push(gradient.with(Residual));
    let gates = [forward.with(Gate), gradient.with(Gate).with(Dgate)];
    // For devices with four storage buffers.
    let gradients_of_gate = [[Dgate, X], [Dx, Dx]].map(|left_out| {
        left_out.into_iter().fold(gates[1], |variant, operand| variant.with_indexing(operand, None))
    });
    variants.extend(gates.into_iter().chain(gradients_of_gate));
    let both_signs = [forward.with(YNegated), gradient.with(DyNegated)];
    variants.extend(both_signs);
    variants.extend([gradient, gates[1], both_signs[1]].map(accumulating));
    if activation.mask().is_some() {
        let of_mask = gradient.with_indexing(X, None).with(Mask);
        variants.extend([of_mask, of_mask.with(Residual), accumulating(of_mask)]);
        let forwards = variants.iter().filter(|v| v.direction == Direction::Forward);
        let masked: Vec<_> =
            forwards.filter(|v| !v.has(Gate) && !v.has_negated()).map(|v| v.with(Mask)).collect();
        variants.extend(masked);
    }
    if activation.has_random_slopes() {
        let random = plain.iter().chain(&variants).filter(|v| !v.has_mask() && !v.has(Gate));
        let random: Vec<_> = random.map(|v| Variant { random_slopes: true, ..*v }).collect();
        variants.extend(random);
        let learned = plain.map(|variant| variant.with(Weight));
        variants.extend([learned[0], learned[1], accumulating(learned[1])]);
    }
    if *activation == Activation::Relu {
        let linear = gates.map(|variant| Variant { linear_gate: true, ..variant });
        variants.extend([linear[0], linear[1], accumulating(linear[1]), accumulating(forward)]);
        let linear = gradients_of_gate.map(|variant| Variant { linear_gate: true, ..variant });
        variants.extend(linear.into_iter().chain(gradients_of_gate.map(accumulating)));
        variants.extend(biases.map(|bias| accumulating(gradient.with_indexing(Bias, bias))));
        let contiguous = variants.clone();
        for addressing in [Addressing::Rows, Addressing::Strided] {
            variants.extend(contiguous.iter().map(|v| Variant { addressing, ..*v }));
        }
    }
    let (f32, f16, bf16) = (ElementType::F32, ElementType::F16, ElementType::Bf16);
    let all = variants.clone();
    for (input, output) in [(f16, f16), (bf16, bf16), (f32, f16), (bf16, f32)] {
        variants.extend(plain.map(|variant| Variant { input, output, ..variant }));
        if *activation == Activation::Relu {
            variants.extend(all.iter().map(|v| Variant { input, output, ..*v }));
        }
    }
    variants
}

fn accumulating(variant: Variant) -> Variant {
    Variant { accumulates: true, ..variant }
}

/// A name that tells the choices of a shader from those of all others.
fn name(shader: &ElementwiseShader) -> String {
    let ElementwiseShader { activation, variant, width, slots, pattern, unaligned } = shader;
    let mut words = vec![activation.to_string(), variant.name().to_owned()];
    for (operand, indexing) in variant.operands() {
        match (operand, indexing) {
            (Operand::Bias | Operand::Weight, Indexing::Channel) => {
                let pattern = format!("{pattern:?}").to_lowercase();
                words.push(format!("{operand} per channel, {pattern}"));
            }
            (Operand::Bias | Operand::Residual, _) => words.push(operand.to_string()),
            _ => {}
        }
    }
    words.extend(variant.random_slopes.then(|| "random slopes".to_owned()));
    words.extend(variant.linear_gate.then(|| "linear".to_owned()));
    words.extend(variant.has_negated().then(|| "both signs".to_owned()));
    if variant.direction == Direction::Gradient && variant.has(Operand::Gate) {
        let outputs = [Operand::Dx, Operand::Dgate];
        let alone = outputs.into_iter().filter(|_| variant.writes().len() == 1);
        words.extend(alone.filter(|o| variant.has(*o)).map(|o| format!("{o} alone")));
    }
    words.extend(variant.accumulates.then(|| "accumulating".to_owned()));
    words.extend(unaligned.contains(&true).then(|| "unaligned".to_owned()));
    let addressing = variant.addressing != Addressing::Contiguous;
    words.extend(addressing.then(|| format!("{:?}", variant.addressing).to_lowercase()));
    let (input, output) = (variant.input, variant.output);
    words.push(if input == output { input.to_string() } else { format!("{input}-{output}") });
    words.push(width.name().to_owned());
    let shared = slots.iter().zip(own(*variant)).any(|(slot, own)| *slot != own);
    words.extend(shared.then(|| format!("{slots:?}")));
    words.join(" ")
}

/// For each operand, whether it is read and has a number per element.
fn reads(variant: Variant) -> Vec<bool> {
    let written = variant.writes();
    let operands = variant.operands().into_iter();
    operands.map(|o| o.1 == Indexing::Element && !written.contains(&o)).collect()
}

/// Every operand in a buffer of its own.
fn own(variant: Variant) -> Vec<BindingSlot> {
    let written = variant.writes().len();
    let slot = |index| if index < written { BindingSlot::ReadWrite } else { BindingSlot::Read };
    (0..variant.operands().len()).map(slot).collect()
}

/// Every module of an activation in formats that WebGPU guarantees, with a name.
fn textures(activation: &Activation) -> Vec<(String, TextureShader)> {
    let mut modules = Vec::new();
    for (format, name) in FORMATS {
        let guaranteed = format.guaranteed_format_features(wgpu::Features::empty()).flags;
        for in_place in [false, true] {
            if in_place && !guaranteed.contains(wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE)
            {
                continue;
            }
            let shader = TextureShader { activation: activation.name(), format, in_place };
            let name = format!("texture {} {name}, in place: {in_place}", activation.name());
            modules.push((name, shader));
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
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
    fn every_module_is_valid_wgsl() {
        for (_, source) in kernels().into_iter().chain(wide_kernels()) {
            validate(&source);
        }
    }

    /// A launcher may take the layout of a bind group from the shader, which leaves out bindings that are not used.
    #[test]
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
    fn every_module_uses_all_its_bindings() {
        for (name, source) in kernels() {
            let module = validate(&source);
            let flags = wgpu::naga::valid::ValidationFlags::all();
            let capabilities = wgpu::naga::valid::Capabilities::SHADER_INT64;
            let info = wgpu::naga::valid::Validator::new(flags, capabilities)
                .validate(&module)
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            for (handle, variable) in module.global_variables.iter() {
                let used = !info.get_entry_point(0)[handle].is_empty();
                assert!(used || variable.binding.is_none(), "{name}: {:?}", variable.name);
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
    fn names_are_unique() {
        let modules: Vec<_> = kernels().into_iter().chain(wide_kernels()).collect();
        let names: std::collections::HashSet<_> = modules.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), modules.len());
    }

    /// The public sources stand alone, and next to each other, and keep the naming rule.
    #[test]
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
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
