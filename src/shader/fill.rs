//! Initial weights, for buffers of any element type.

use crate::activation::source;
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::words::conversions;
use crate::shader::{Key, Module, storage};

/// The shader, for elements of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fill(pub(crate) ElementType);

impl Module for Fill {
    fn key(&self) -> Key {
        Key::of(*self)
    }

    fn name(&self) -> String {
        "fill".to_owned()
    }

    fn source(&self) -> String {
        source(self.0)
    }

    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)> {
        vec![(1, storage(false))]
    }
}

fn source(element: ElementType) -> String {
    const FILL: &str = wgsl_file!("kernel/fill.wgsl");
    const WORDS: &str = wgsl_file!("kernel/fill_words.wgsl");
    const HALVES: &str = wgsl_file!("kernel/fill_halves.wgsl");
    if element == ElementType::F32 {
        return [source::RANDOM, FILL, WORDS].concat();
    }
    let stored =
        format!("fn stored(bits: vec4<u32>) -> vec4<u32> {{ return narrow_{element}(bits); }}\n");
    [source::RANDOM, FILL, HALVES, conversions(element), &stored].concat()
}
