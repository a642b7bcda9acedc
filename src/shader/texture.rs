//! The shader of textures, and the formats that it can write.

use crate::activation::Activation;
use crate::shader::Shader;
use crate::shader::link::{Linker, Scope, file};
use crate::shader::operand;

/// The formats that results can have, with their names in WGSL.
pub(crate) const FORMATS: [(wgpu::TextureFormat, &str); 3] = [
    (wgpu::TextureFormat::Rgba16Float, "rgba16float"),
    (wgpu::TextureFormat::Rgba32Float, "rgba32float"),
    (wgpu::TextureFormat::R32Float, "r32float"),
];

/// Columns and rows of a workgroup, one texel each.
pub(crate) const SIDE: u32 = 8;

/// The choices that a shader of textures is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TextureShader {
    /// The activation's name.
    pub(crate) activation: &'static str,
    /// The format of y.
    pub(crate) format: wgpu::TextureFormat,
    /// Whether y is x.
    pub(crate) in_place: bool,
}

impl Shader for TextureShader {
    fn name(&self) -> String {
        [self.activation, " of textures"].concat()
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        use wgpu::StorageTextureAccess::{ReadWrite, WriteOnly};
        let view_dimension = wgpu::TextureViewDimension::D2;
        let access = if self.in_place { ReadWrite } else { WriteOnly };
        let y = wgpu::BindingType::StorageTexture { access, format: self.format, view_dimension };
        let x = wgpu::BindingType::Texture {
            // Loads do not filter, and devices need not be able to filter 32-bit formats.
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension,
            multisampled: false,
        };
        let x = (!self.in_place).then_some(x);
        [y].into_iter().chain(x).collect()
    }

    fn source(&self) -> String {
        let format = FORMATS.iter().find(|(format, _)| *format == self.format);
        let half = self.format == wgpu::TextureFormat::Rgba16Float;
        let module = Scope {
            names: vec![
                ("PARAMS", operand::digits(self.bindings().len())),
                ("ACTIVATION", self.activation),
                ("FORMAT", format.map_or("", |(_, name)| name)),
            ],
            flags: vec![("in_place", self.in_place), ("f16", half)],
            lists: Vec::new(),
        };
        let mut linker = Linker::default();
        linker.expand(file!("kernel/texture.wgsl"), &[&module]);
        if half {
            linker.append(file!("kernel/f16.wgsl"));
        }
        linker.append_functions(Activation::named(self.activation), false);
        linker.finish()
    }
}
