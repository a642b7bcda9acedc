//! Initial weights, for buffers of any element type.

use crate::activation::source;
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::words::conversions;
use crate::shader::{Shader, storage};

/// The shader, for elements of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FillShader(pub(crate) ElementType);

impl Shader for FillShader {
    fn name(&self) -> String {
        "fill".to_owned()
    }

    fn source(&self) -> String {
        source(self.0)
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        vec![storage(true)]
    }
}

fn source(element: ElementType) -> String {
    const FILL: &str = wgsl_file!("kernel/fill.wgsl");
    const OF_F32: &str = wgsl_file!("kernel/fill_f32.wgsl");
    const OF_16_BIT: &str = wgsl_file!("kernel/fill_16_bit.wgsl");
    if element == ElementType::F32 {
        return [source::RANDOM, FILL, OF_F32].concat();
    }
    let stored =
        format!("fn stored(bits: vec4<u32>) -> vec4<u32> {{ return narrow_{element}(bits); }}\n");
    [source::RANDOM, FILL, OF_16_BIT, conversions(element), &stored].concat()
}
