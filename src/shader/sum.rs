//! Sums over channels, pass by pass.

use crate::element::ElementType;
use crate::operand::Operand;
use crate::shader::link::{Linker, file};
use crate::shader::operand::{self, Layout};
use crate::shader::variant::VectorWidth;
use crate::shader::{Shader, storage};

/// The terms of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SumInput {
    /// Elements of this type.
    Values(ElementType),
    /// The terms of the gradient of slopes, from x and dy of these types.
    Slopes([ElementType; 2]),
}

impl SumInput {
    /// A name for the catalogue.
    pub(crate) fn name(&self) -> String {
        match self {
            SumInput::Values(ElementType::F32) => "values".to_owned(),
            SumInput::Values(element) => format!("values {element}"),
            SumInput::Slopes([x, dy]) => format!("slopes {x} {dy}"),
        }
    }

    /// The operand that the sums are.
    pub(crate) fn written(&self) -> Operand {
        match self {
            SumInput::Values(_) => Operand::Y,
            SumInput::Slopes(_) => Operand::Dw,
        }
    }

    /// The element types of the operands.
    pub(crate) fn elements(&self) -> Vec<ElementType> {
        match self {
            SumInput::Values(element) => vec![*element],
            SumInput::Slopes(elements) => elements.to_vec(),
        }
    }
}

/// The shader of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sum {
    pub(crate) input: SumInput,
    pub(crate) width: VectorWidth,
    /// Whether the sums are added to the contents of y.
    pub(crate) accumulates: bool,
    /// Whether inputs are bound as writable, because the planner is pooled.
    pub(crate) pooled: bool,
}

impl Shader for Sum {
    fn name(&self) -> String {
        "sum".to_owned()
    }

    fn source(&self) -> String {
        let Sum { input, width, accumulates, .. } = *self;
        let layouts = self.layouts();
        let slopes = matches!(input, SumInput::Slopes(_));
        let mut module = operand::scope(width, &layouts);
        module.flags.extend([("slopes", slopes), ("accumulates", accumulates)]);
        let mut linker = Linker::default();
        linker.expand(file!("kernel/sum.wgsl"), &[&module]);
        linker.expand(file!("operand/bindings.wgsl"), &[&module]);
        if width == VectorWidth::Eight64 {
            linker.append(file!("operand/eight.wgsl"));
        }
        operand::link_terms(&mut linker, &module, &layouts);
        if slopes {
            linker.append(file!("kernel/slopes.wgsl"));
        }
        linker.append_functions(None, true);
        linker.finish()
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let inputs = self.input.elements().into_iter().map(|_| storage(self.pooled));
        [storage(true)].into_iter().chain(inputs).collect()
    }
}

impl Sum {
    /// How the shader loads and stores each operand.
    fn layouts(&self) -> Vec<Layout> {
        let Sum { input, width, accumulates, pooled } = *self;
        let y = Layout { accumulates, ..Layout::new("y", ElementType::F32, width, true) };
        let inputs = ["x", "dy"].into_iter().zip(input.elements());
        let inputs = inputs.map(|(name, element)| {
            let layout = Layout::new(name, element, width, false);
            Layout { read_only: !pooled, ..layout }
        });
        [y].into_iter().chain(inputs).collect()
    }
}
