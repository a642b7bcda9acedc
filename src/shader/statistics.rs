//! Statistics of units, pass by pass.

use crate::activation::Activation;
use crate::element::ElementType;
use crate::shader::link::{Linker, file};
use crate::shader::operand::{self, Layout};
use crate::shader::variant::VectorWidth;
use crate::shader::{Shader, storage};

/// The input of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StatisticsInput {
    Elements(ElementType),
    /// The outputs of a layer. The pass makes them with the activation of this name.
    Layer(&'static str),
    /// The results of the previous pass.
    Merge,
}

impl StatisticsInput {
    /// A name for the catalogue.
    pub(crate) fn name(&self) -> String {
        match self {
            StatisticsInput::Elements(element) => element.to_string(),
            StatisticsInput::Layer(activation) => format!("layer {activation}"),
            StatisticsInput::Merge => "merge".to_owned(),
        }
    }
}

/// The shader of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Statistics {
    pub(crate) input: StatisticsInput,
    /// Four, or one, which is what a pass that merges takes.
    pub(crate) width: VectorWidth,
}

impl Shader for Statistics {
    fn name(&self) -> String {
        "statistics".to_owned()
    }

    fn source(&self) -> String {
        let Statistics { input, width } = *self;
        let (activation, element) = match input {
            StatisticsInput::Elements(element) => (None, element),
            StatisticsInput::Layer(name) => (Activation::named(name), ElementType::F32),
            StatisticsInput::Merge => (None, ElementType::F32),
        };
        let x = Layout::new("x", element, width, false);
        let result = Layout::new("result", element, width, true);
        // With the type of the items of x, which those of the result have as well.
        let mut module = x.scope(1);
        module.names.push(("PARAMS", operand::digits(self.bindings().len())));
        module.names.extend(activation.map(|a| ("ACTIVATION", a.name())));
        module.flags.push(("one", width == VectorWidth::One));
        let mut linker = Linker::default();
        let mut add = |file| linker.expand(file, &[&module]);
        add(file!("kernel/statistics.wgsl"));
        match input {
            StatisticsInput::Merge => add(file!("kernel/statistics_merge.wgsl")),
            _ => add(file!("kernel/statistics_elements.wgsl")),
        }
        match input {
            StatisticsInput::Elements(_) => {
                add(file!("kernel/statistics_stored.wgsl"));
                operand::link_terms(&mut linker, &module, &[x]);
            }
            StatisticsInput::Layer(_) => {
                add(file!("kernel/statistics_layer.wgsl"));
                add(file!("kernel/add.wgsl"));
                operand::link_terms(&mut linker, &module, &[x, result]);
            }
            StatisticsInput::Merge => {}
        }
        linker.append_functions(activation, true);
        linker.finish()
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let [read, written] = [false, true].map(storage);
        match self.input {
            StatisticsInput::Layer(_) => vec![written, read, written, read],
            _ => vec![written, read],
        }
    }
}
