//! How texels lie, as a shader sees it: which formats can be written, bindings, loads and stores.

use crate::activation::{Activation, source};
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::Shader;
use crate::shader::words::conversions;

const TEXTURE: &str = wgsl_file!("kernel/texture.wgsl");

/// The formats that results can have, with their names in WGSL.
pub(crate) const FORMATS: [(wgpu::TextureFormat, &str); 3] = [
    (wgpu::TextureFormat::Rgba16Float, "rgba16float"),
    (wgpu::TextureFormat::Rgba32Float, "rgba32float"),
    (wgpu::TextureFormat::R32Float, "r32float"),
];

/// Columns and rows of a workgroup, one texel each.
pub(crate) const SIDE: u32 = 8;

/// What a shader on textures is compiled for.
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
            // Loads do not filter, and 32-bit formats need not be able to.
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension,
            multisampled: false,
        };
        let x = (!self.in_place).then_some(x);
        [y].into_iter().chain(x).collect()
    }

    fn source(&self) -> String {
        let activation = self.activation;
        let function =
            Activation::named(activation).map_or(String::new(), |a| source::module(&[*a]));
        let format = FORMATS.iter().find(|(format, _)| *format == self.format);
        let name = format.map_or("", |(_, name)| name);
        let number = if self.in_place { 1 } else { 2 };
        let (access, x, load) = if self.in_place {
            ("read_write", "", "textureLoad(y, at)")
        } else {
            let x = "@group(0) @binding(1) var x: texture_2d<f32>;\n";
            ("write", x, "textureLoad(x, at, 0)")
        };
        // Devices round to halves as they like, llvmpipe towards 0; what is a half already, they keep.
        let (element, result) = if self.format == wgpu::TextureFormat::Rgba16Float {
            let half = "bitcast<vec4<f32>>(widen_f16(narrow_f16(bitcast<vec4<u32>>(result))))";
            (ElementType::F16, half)
        } else {
            (ElementType::F32, "result")
        };
        [&function, TEXTURE, conversions(element), x].join("\n")
            + &format!(
                "@group(0) @binding({number}) var<uniform> params: Params;\n\
                @group(0) @binding(0) var y: texture_storage_2d<{name}, {access}>;\n\
                fn activate(x: vec4<f32>) -> vec4<f32> {{ return {activation}(x, params.activation); }}\n\
                fn load(at: vec2<u32>) -> vec4<f32> {{ return {load}; }}\n\
                fn store(at: vec2<u32>, result: vec4<f32>) {{ textureStore(y, at, {result}); }}\n"
            )
    }
}
