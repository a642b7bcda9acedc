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

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a pipeline is compiled from. Each kind is in a file of its own, so that a program holds those alone that it uses.
pub(crate) trait Module {
    /// What tells it from all others. Parameters are no part of that: they travel in a uniform.
    fn key(&self) -> Key;

    /// For labels.
    fn name(&self) -> String;

    fn source(&self) -> String;

    /// The bindings beside 0, which is the uniform.
    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)>;
}

/// Tells a shader from all others. It is the shader, whatever its type, so that this file need not know all of them.
#[derive(Clone)]
pub(crate) struct Key(Arc<dyn Same>);

impl Key {
    pub(crate) fn of(shader: impl Any + Hash + Eq + Send + Sync) -> Self {
        Key(Arc::new(shader))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&*other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, mut state: &mut H) {
        self.0.feed(&mut state);
    }
}

/// `Eq` and `Hash` of values of any type. No `Debug`: a page would hold what it takes of all shaders, some 10 KB.
trait Same: Any + Send + Sync {
    fn is_same(&self, other: &dyn Any) -> bool;
    fn feed(&self, hasher: &mut dyn Hasher);
}

impl<T: Any + Hash + Eq + Send + Sync> Same for T {
    fn is_same(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }

    fn feed(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }
}

/// Whole buffers of storage.
pub(crate) fn storage(read_only: bool) -> wgpu::BindingType {
    buffer(wgpu::BufferBindingType::Storage { read_only })
}

/// Whole buffers.
pub(crate) fn buffer(ty: wgpu::BufferBindingType) -> wgpu::BindingType {
    wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Numbers that are equal, of types that are not.
    #[test]
    fn keys_are_equal_where_shaders_are() {
        let keys = [Key::of(1u32), Key::of(2u32), Key::of(1i32), Key::of(1u32)];
        assert!(keys[0] == keys[3]);
        assert_eq!(HashSet::from(keys).len(), 3);
    }
}
