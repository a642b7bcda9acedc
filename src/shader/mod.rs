//! Floor 4: the shaders, their sources and their bindings.
//!
//! May use the floors below, but not `args`.

pub(crate) mod catalog;
pub(crate) mod elementwise;
#[cfg(feature = "init")]
pub(crate) mod fill;
pub(crate) mod link;
pub(crate) mod operand;
pub(crate) mod statistics;
pub(crate) mod sum;
pub(crate) mod texture;
pub(crate) mod variant;

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A shader to compile. Each kind is in a file of its own, so that a program contains only the kinds that it uses.
pub(crate) trait Shader: Same {
    /// A name for labels.
    fn name(&self) -> String;

    fn source(&self) -> String;

    /// The types of the bindings 0, 1, 2, and so on. The uniform comes after them.
    fn bindings(&self) -> Vec<wgpu::BindingType>;
}

/// The value of an `override` in a shader.
pub(crate) type Constant = (&'static str, u32);

/// Identifies a shader and its constants among all others. Equal keys need only one pipeline.
///
/// Comparing keys is cheap, because it does not link the source.
#[derive(Clone)]
pub struct ShaderKey {
    shader: Arc<dyn Shader>,
    constants: Vec<Constant>,
}

impl ShaderKey {
    pub(crate) fn new(shader: impl Shader, constants: &[Constant]) -> Self {
        ShaderKey { shader: Arc::new(shader), constants: constants.to_vec() }
    }

    pub(crate) fn shader(&self) -> &dyn Shader {
        &*self.shader
    }

    pub(crate) fn constants(&self) -> &[Constant] {
        &self.constants
    }
}

impl PartialEq for ShaderKey {
    fn eq(&self, other: &Self) -> bool {
        self.shader.is_same(&*other.shader) && self.constants == other.constants
    }
}

impl Eq for ShaderKey {}

impl Hash for ShaderKey {
    fn hash<H: Hasher>(&self, mut state: &mut H) {
        self.shader.feed(&mut state);
        self.constants.hash(state);
    }
}

impl fmt::Debug for ShaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShaderKey({:?}, {:?})", self.shader.name(), self.constants)
    }
}

/// `Eq` and `Hash` of values of any type. There is no `Debug`, which would add some 10 KB to a page for all shaders.
pub(crate) trait Same: Any + Send + Sync {
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

/// A storage buffer.
pub(crate) fn storage(writable: bool) -> wgpu::BindingType {
    buffer(wgpu::BufferBindingType::Storage { read_only: !writable })
}

/// A buffer without dynamic offsets.
pub(crate) fn buffer(ty: wgpu::BufferBindingType) -> wgpu::BindingType {
    wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[derive(Hash, PartialEq, Eq)]
    struct One<T>(T);

    impl<T: Any + Hash + Eq + Send + Sync> Shader for One<T> {
        fn name(&self) -> String {
            String::new()
        }
        fn source(&self) -> String {
            String::new()
        }
        fn bindings(&self) -> Vec<wgpu::BindingType> {
            Vec::new()
        }
    }

    /// Equal numbers of different types.
    #[test]
    fn keys_are_equal_where_shaders_and_constants_are() {
        let of = |constant| [("A", constant)];
        let keys = [
            ShaderKey::new(One(1u32), &of(1)),
            ShaderKey::new(One(2u32), &of(1)),
            ShaderKey::new(One(1i32), &of(1)),
            ShaderKey::new(One(1u32), &of(2)),
            ShaderKey::new(One(1u32), &of(1)),
        ];
        assert!(keys[0] == keys[4]);
        assert_eq!(HashSet::from(keys).len(), 4);
    }
}
