//! Plans and their dispatches: all that a launcher needs, without device objects.

use crate::activation::Activation;
use crate::args::range::BufferId;
use crate::plan::ranges::BoundRange;
use crate::shader::{Constant, Shader, ShaderKey};

/// The dispatches of an operation, in their order, and the scratch buffers they need.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Plan {
    /// The bytes of each scratch buffer, which [`BufferId::Scratch`] counts.
    pub scratch: Vec<u64>,
    /// The dispatches, in their order.
    pub dispatches: Vec<Dispatch>,
    pub(crate) patchable: Patchable,
}

/// The fields that can change later, by their offsets in bytes in every uniform of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patchable {
    pub(crate) activation: Option<Parameters>,
    pub(crate) draw: Option<u64>,
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "streams need it"))]
    pub(crate) first_four: Option<u64>,
}

/// The parameters of a plan's activation, and their offset in bytes in the uniforms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) activation: Activation,
    /// Whether they are the derivative's values, for a gradient from a mask.
    pub(crate) of_mask: bool,
    pub(crate) offset: u64,
}

impl Parameters {
    /// The parameters as a shader gets them.
    pub(crate) fn values(&self) -> [f32; 4] {
        match self.activation.mask() {
            // WGSL has no constant for NaN.
            Some(mask) if self.of_mask => [mask.values.0, mask.values.1, f32::NAN, 0.0],
            _ => self.activation.uniform(),
        }
    }
}

/// One dispatch of a compute shader.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Dispatch {
    key: ShaderKey,
    bindings: Vec<Binding>,
    uniform: Vec<u32>,
    workgroup_size: [u32; 3],
    workgroups: [u32; 3],
    /// Its first element, counted from the start of the operation.
    pub(crate) start: u64,
}

/// A storage buffer of a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The binding's number in group 0: 0, 1, 2, and so on.
    pub number: u32,
    /// The buffer.
    pub buffer: BufferId,
    /// The first byte. A multiple of the device's `min_storage_buffer_offset_alignment`.
    pub offset: u64,
    /// Bytes. A multiple of 4.
    pub size: u64,
    /// Whether the shader declares the binding `read_write`.
    pub writable: bool,
}

impl Dispatch {
    /// The name of the shader's entry point.
    pub const ENTRY_POINT: &'static str = "main";

    /// A dispatch of a shader, with bindings in the order of their numbers.
    pub(crate) fn new(
        shader: impl Shader,
        constants: &[Constant],
        ranges: impl IntoIterator<Item = BoundRange>,
        uniform: Vec<u32>,
        workgroups: [u32; 2],
    ) -> Self {
        let bindings = (0..).zip(ranges).zip(shader.bindings());
        let bindings = bindings.map(|((number, range), ty)| {
            let BoundRange { buffer, offset, size, .. } = range;
            let writable = !matches!(
                ty,
                wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only: true },
                    ..
                }
            );
            Binding { number, buffer, offset, size, writable }
        });
        let workgroup = constants.iter().find(|(name, _)| *name == "WORKGROUP");
        let [x, y] = workgroups;
        Dispatch {
            bindings: bindings.collect(),
            key: ShaderKey::new(shader, constants),
            uniform,
            workgroup_size: [workgroup.map_or(1, |(_, size)| *size), 1, 1],
            workgroups: [x, y, 1],
            start: 0,
        }
    }

    /// A dispatch of a shader whose bindings are textures.
    pub(crate) fn of_textures(
        shader: impl Shader,
        uniform: Vec<u32>,
        workgroups: [u32; 2],
        workgroup_size: [u32; 3],
    ) -> Self {
        let textures = (0..).map(|index| BoundRange {
            buffer: BufferId::Operand(index),
            offset: 0,
            size: 0,
            first: 0,
        });
        Dispatch { workgroup_size, ..Dispatch::new(shader, &[], textures, uniform, workgroups) }
    }

    /// The dispatch that begins with this element of the operation.
    pub(crate) fn starting_at(self, start: u64) -> Self {
        Dispatch { start, ..self }
    }

    /// Identifies the shader and its constants. Launchers compile once per key.
    #[must_use]
    pub fn key(&self) -> &ShaderKey {
        &self.key
    }

    /// The WGSL, whose `override`s take [`constants`](Dispatch::constants). It is linked at each call.
    #[must_use]
    pub fn source(&self) -> String {
        self.key.shader().source()
    }

    /// The WGSL with [`constants`](Dispatch::constants) written into it, for launchers that pass none.
    #[must_use]
    pub fn source_with_constants(&self) -> String {
        let mut source = self.source();
        for (name, value) in self.constants() {
            let Some(start) = source.find(&format!("override {name}:")) else { continue };
            let end = source[start..].find(';').map_or(source.len(), |end| start + end);
            source.replace_range(start..end, &format!("const {name} = {value}u"));
        }
        source
    }

    /// The values of the shader's `override`s.
    #[must_use]
    pub fn constants(&self) -> &[(&'static str, u32)] {
        self.key.constants()
    }

    /// The storage buffers, whose numbers have no gaps. The uniform's number comes after them.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The contents of the uniform buffer, whose size is a multiple of 16 bytes.
    #[must_use]
    pub fn uniform(&self) -> &[u8] {
        bytemuck::cast_slice(&self.uniform)
    }

    /// Invocations per workgroup, which the shader declares.
    #[must_use]
    pub fn workgroup_size(&self) -> [u32; 3] {
        self.workgroup_size
    }

    /// Workgroups per dimension.
    #[must_use]
    pub fn workgroups(&self) -> [u32; 3] {
        self.workgroups
    }
}
