//! Floor 4: the shaders. What there is to compile, from which sources, and with which bindings.
//!
//! May use the floors below, but not `args`.

pub(crate) mod catalog;
pub(crate) mod elementwise;
#[cfg(feature = "init")]
pub(crate) mod fill;
pub(crate) mod statistics;
pub(crate) mod sum;
pub(crate) mod texture;
pub(crate) mod variant;
pub(crate) mod words;

use crate::element::ElementType;
use crate::shader::elementwise::Linked;
use crate::shader::statistics::Observed;
use crate::shader::sum::Sum;
use crate::shader::texture::Texel;

/// What a pipeline is compiled from. Each kind stands in the room that knows it, so that a program holds those alone
/// that it uses.
pub(crate) trait Module {
    /// What tells it from all others. Parameters are no part of that: they travel in a uniform.
    fn key(&self) -> Key;

    /// For labels.
    fn name(&self) -> String;

    fn source(&self) -> String;

    /// The bindings beside 0, which is the uniform.
    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)>;
}

/// One of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Operation(Linked),
    Sum(Sum),
    Texture(Texel),
    Units(Observed),
    #[cfg(feature = "init")]
    Fill(ElementType),
}

/// Whole buffers of storage.
pub(crate) fn storage(read_only: bool) -> wgpu::BindingType {
    buffer(wgpu::BufferBindingType::Storage { read_only })
}

/// Whole buffers.
pub(crate) fn buffer(ty: wgpu::BufferBindingType) -> wgpu::BindingType {
    wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
}
