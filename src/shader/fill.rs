//! The shader of initial weights.

use crate::element::ElementType;
use crate::shader::link::{Linker, file};
use crate::shader::operand::{self, Layout};
use crate::shader::variant::VectorWidth;
use crate::shader::{Shader, storage};

/// The shader for elements of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FillShader(pub(crate) ElementType);

impl Shader for FillShader {
    fn name(&self) -> String {
        "fill".to_owned()
    }

    fn source(&self) -> String {
        let layouts = [Layout::new("y", self.0, VectorWidth::One, true)];
        let (module, y) = (operand::scope(VectorWidth::One, &layouts), layouts[0].scope(0));
        let mut linker = Linker::default();
        linker.expand(file!("kernel/fill.wgsl"), &[&module, &y]);
        linker.expand(file!("operand/bindings.wgsl"), &[&module]);
        linker.expand(file!("operand/element.wgsl"), &[&module, &y]);
        operand::conversions(&mut linker, [self.0].into_iter());
        linker.append(file!("random.wgsl"));
        linker.finish()
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        vec![storage(true)]
    }
}
