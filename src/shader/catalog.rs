//! Every shader there is, for tests.

use crate::activation::Activation;
use crate::element::ElementType;
use crate::operand::{Direction, Indexing, Operand};
use crate::shader::Shader;
use crate::shader::elementwise::ElementwiseShader;
#[cfg(feature = "init")]
use crate::shader::fill::FillShader;
use crate::shader::statistics::StatisticsInput;
use crate::shader::sum::{Sum, SumInput};
use crate::shader::texture::{FORMATS, TextureShader};
use crate::shader::variant::{Addressing, BindingSlot, ChannelPattern, Variant, VectorWidth};

/// Every module the crate compiles, in plain WGSL and with a name, for tests of other compilers. Two sets are not
/// complete: the bindings that operands share in larger variants, and combinations of independent choices (element types,
/// addressing, patterns of channels).
#[doc(hidden)]
#[must_use]
pub fn kernels() -> Vec<(String, String)> {
    modules().into_iter().map(|(name, shader)| (name, shader.source())).collect()
}

/// The shaders of [`kernels`].
fn modules() -> Vec<(String, Box<dyn Shader>)> {
    let mut modules: Vec<(String, Box<dyn Shader>)> = Vec::new();
    for width in [VectorWidth::Four, VectorWidth::One] {
        let of_slopes = [ElementType::F32, ElementType::F16].map(|e| SumInput::Slopes([e; 2]));
        for input in [SumInput::Values].into_iter().chain(of_slopes) {
            let name = format!("sum {} {}", input.name(), width.name());
            modules.push((name, Box::new(Sum { input, width })));
        }
    }
    let elements = ElementType::ALL.iter().copied();
    let layers = Activation::ALL.iter().map(|activation| StatisticsInput::Layer(activation.name()));
    let of_elements = elements.clone().map(StatisticsInput::Elements);
    for input in of_elements.chain([StatisticsInput::Merge]).chain(layers) {
        modules.push((format!("statistics {}", input.name()), Box::new(input)));
    }
    #[cfg(feature = "init")]
    for element in elements {
        modules.push((format!("fill {element}"), Box::new(FillShader(element))));
    }
    for shader in elementwise() {
        modules.push((name(&shader), Box::new(shader)));
    }
    for activation in Activation::ALL {
        for (name, shader) in textures(activation) {
            modules.push((name, Box::new(shader)));
        }
    }
    modules
}

fn elementwise() -> Vec<ElementwiseShader> {
    use BindingSlot::{Read, ReadWrite, SharedWith};
    let (forward, gradient) = (Variant::forward(), Variant::gradient());
    let mut shaders = Vec::new();
    let mut add = |activation: &Activation, variant: Variant, slots: &[BindingSlot], pattern| {
        for width in [VectorWidth::Eight, VectorWidth::Four, VectorWidth::One] {
            if width != VectorWidth::Eight || (variant.has_16_bit() && variant.by_eight()) {
                let (activation, slots) = (activation.name(), slots.to_vec());
                shaders.push(ElementwiseShader { activation, variant, width, slots, pattern });
            }
        }
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
    use Operand::{Bias, Dgate, Gate, Mask, Residual, Weight, X};
    let plain = [Variant::forward(), Variant::gradient()];
    let [forward, gradient] = plain;
    let biases = [Indexing::Channel, Indexing::Element].map(Some);
    let mut variants = vec![forward.with(Residual)];
    variants.extend(biases.map(|bias| forward.with_indexing(Bias, bias).with(Residual)));
    variants.extend(biases.map(|bias| gradient.with_indexing(Bias, bias)));
    variants.push(gradient.with(Residual));
    let gates = [forward.with(Gate), gradient.with(Gate).with(Dgate)];
    variants.extend(gates);
    if activation.mask().is_some() {
        let of_mask = gradient.with_indexing(X, None).with(Mask);
        variants.extend([of_mask, of_mask.with(Residual)]);
        let forwards = variants.iter().filter(|v| v.direction == Direction::Forward);
        let masked: Vec<_> = forwards.filter(|v| !v.has(Gate)).map(|v| v.with(Mask)).collect();
        variants.extend(masked);
    }
    if activation.draws() {
        let random = plain.iter().chain(&variants).filter(|v| !v.has_mask() && !v.has(Gate));
        let random: Vec<_> = random.map(|v| Variant { random_slopes: true, ..*v }).collect();
        variants.extend(random);
        variants.extend(plain.map(|variant| variant.with(Weight)));
    }
    if *activation == Activation::Relu {
        variants.extend(gates.map(|variant| Variant { linear_gate: true, ..variant }));
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

/// The choices of a shader, as words.
fn name(shader: &ElementwiseShader) -> String {
    let ElementwiseShader { activation, variant, width, slots, pattern } = shader;
    let mut words = vec![activation.to_string(), variant.name().to_owned()];
    for (operand, indexing) in variant.operands() {
        match (operand, indexing) {
            (Operand::Bias | Operand::Weight, Indexing::Channel) => {
                words.push(format!("{operand} per channel, {pattern:?}"));
            }
            (Operand::Bias | Operand::Residual, _) => words.push(operand.to_string()),
            _ => {}
        }
    }
    words.extend(variant.random_slopes.then(|| "random slopes".to_owned()));
    words.extend(variant.linear_gate.then(|| "linear".to_owned()));
    let addressing = variant.addressing != Addressing::Contiguous;
    words.extend(addressing.then(|| format!("{:?}", variant.addressing).to_lowercase()));
    let (input, output) = (variant.input, variant.output);
    words.push(if input == output { input.to_string() } else { format!("{input}-{output}") });
    words.push(width.name().to_owned());
    let shared = slots.iter().zip(own(*variant)).any(|(slot, own)| *slot != own);
    words.extend(shared.then(|| format!("{slots:?}")));
    words.join(" ")
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
            let name = format!("texture {} {name}, in slot: {in_place}", activation.name());
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
    fn every_module_is_valid_wgsl() {
        let width = VectorWidth::Eight64;
        for input in [SumInput::Values, SumInput::Slopes([ElementType::F16; 2])] {
            validate(&Sum { input, width }.source());
        }
        for (_, source) in kernels() {
            validate(&source);
        }
        for activation in Activation::ALL {
            for variant in variants_of(activation).into_iter().filter(Variant::by_eight) {
                let (activation, slots) = (activation.name(), own(variant));
                let pattern = ChannelPattern::Any;
                let shader = ElementwiseShader { activation, variant, width, slots, pattern };
                validate(&shader.source());
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
