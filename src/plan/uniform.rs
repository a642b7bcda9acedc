//! The uniforms of all shaders, as structs with the fields that their WGSL has.

use crate::operand::OPERANDS;

/// Declares a uniform's struct with named fields. Where WGSL aligns a field, the fields before it fill the gap.
macro_rules! uniform {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Debug, Clone)]
        pub(crate) struct $name { $($(#[$doc])* pub(crate) $field: $type,)+ }

        impl $name {
            /// Each field's name and its offset in bytes.
            #[cfg(test)]
            pub(crate) const FIELDS: &'static [(&'static str, usize)] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field)),)+];

            /// All fields 0.
            pub(crate) const ZERO: Self = $name { $($field: Field::ZERO,)+ };

            /// The fields in their order, as the GPU reads them.
            pub(crate) fn words(&self) -> Vec<u32> {
                [$(self.$field.words(),)+].concat()
            }
        }
    };
}

/// The words between `offset` and `stride`, which WGSL aligns to 16 bytes. There are 29 words before `offset`.
const PADDING: usize = (29 + OPERANDS.len()).next_multiple_of(4) - (29 + OPERANDS.len());

uniform! {
    /// The uniform of an elementwise operation: `Params` in params.wgsl.
    Params {
        activation: [f32; 4],
        draw: [u32; 4],
        first_four: [u32; 2],
        by_inner: [u32; 2],
        by_channels: [u32; 2],
        by_row: [u32; 2],
        by_plane: [u32; 2],
        by_block: [u32; 2],
        shape: [u32; 4],
        channels: u32,
        inner: u32,
        first_in_row: u32,
        length: u32,
        first_vector: u32,
        offset: [u32; OPERANDS.len()],
        padding: [u32; PADDING],
        stride: [[u32; 4]; OPERANDS.len()],
    }
}

uniform! {
    /// The uniform of a pass of sums: `Params` in sum.wgsl.
    SumParams {
        offset_y: u32,
        offset_x: u32,
        offset_dy: u32,
        segments: u32,
        length: u32,
        sums: u32,
        sums_per_invocation: u32,
        padding: u32,
    }
}

uniform! {
    /// The uniform of a pass of statistics: `Params` in statistics.wgsl.
    StatisticsParams {
        offset_y: u32,
        offset_x: u32,
        segments: u32,
        length: u32,
        sums: u32,
        offset_result: u32,
        offset_bias: u32,
        first_channel: u32,
        bounds: [f32; 4],
        activation: [f32; 4],
        channels: u32,
        inner: u32,
        adds: u32,
        padding: u32,
    }
}

uniform! {
    /// The uniform of a tile of a texture: `Params` in texture.wgsl.
    TextureParams {
        activation: [f32; 4],
        first: [u32; 2],
        keeps_alpha: u32,
        padding: u32,
    }
}

#[cfg(feature = "init")]
uniform! {
    /// The uniform of a fill with random numbers: `Params` in fill.wgsl.
    FillParams {
        scale: f32,
        shift: f32,
        low: f32,
        high: f32,
        draw: [u32; 4],
        first_four: [u32; 2],
        offset_y: u32,
        length: u32,
        method: u32,
        first: u32,
        count: u32,
        padding: u32,
        cubics: [[u32; 4]; 256],
    }
}

/// The types of fields, all made of words of 32 bits.
trait Field {
    const ZERO: Self;

    fn words(&self) -> &[u32];
}

impl Field for u32 {
    const ZERO: Self = 0;

    fn words(&self) -> &[u32] {
        std::slice::from_ref(self)
    }
}

impl Field for f32 {
    const ZERO: Self = 0.0;

    fn words(&self) -> &[u32] {
        bytemuck::cast_slice(std::slice::from_ref(self))
    }
}

impl<T: Field + bytemuck::Pod, const N: usize> Field for [T; N] {
    const ZERO: Self = [T::ZERO; N];

    fn words(&self) -> &[u32] {
        bytemuck::cast_slice(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::element::ElementType;
    use crate::shader::Shader;
    use crate::shader::elementwise::ElementwiseShader;
    use crate::shader::statistics::{Statistics, StatisticsInput};
    use crate::shader::sum::{Sum, SumInput};
    use crate::shader::texture::TextureShader;
    use crate::shader::variant::{BindingSlot, ChannelPattern, Variant, VectorWidth};

    /// Compares every member of `Params` in a shader with the fields of its Rust struct.
    fn check(shader: &dyn Shader, fields: &[(&str, usize)], words: &[u32], size: usize) {
        use wgpu::naga::{TypeInner, front::wgsl::parse_str};
        assert_eq!(4 * words.len(), size);
        let module = parse_str(&shader.source()).expect("valid WGSL");
        let params = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("Params"));
        let Some(TypeInner::Struct { members, span }) = params.map(|(_, ty)| &ty.inner) else {
            panic!("{} has no struct Params", shader.name());
        };
        assert_eq!(*span as usize, size, "{}", shader.name());
        let offset = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|f| f.1);
        for member in members {
            let name = member.name.as_deref().unwrap_or_default();
            // A field per operand is an array in Rust.
            let of_operand = || {
                let (field, operand) = name.split_once('_')?;
                let row = OPERANDS.iter().position(|row| row.name == operand)?;
                let size = if field == "stride" { 16 } else { 4 };
                Some(offset(field)? + row * size)
            };
            let expected = offset(name).or_else(of_operand);
            assert_eq!(Some(member.offset as usize), expected, "{} {name}", shader.name());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "naga takes minutes for a module")]
    fn fields_are_where_shaders_read_them() {
        let elementwise = ElementwiseShader {
            activation: Activation::Relu.name(),
            variant: Variant::forward(),
            width: VectorWidth::Four,
            slots: vec![BindingSlot::ReadWrite, BindingSlot::Read],
            pattern: ChannelPattern::Same,
            unaligned: Vec::new(),
        };
        check(&elementwise, Params::FIELDS, &Params::ZERO.words(), size_of::<Params>());
        let input = SumInput::Values(ElementType::F32);
        let sum = Sum { input, width: VectorWidth::Four, accumulates: false, pooled: false };
        check(&sum, SumParams::FIELDS, &SumParams::ZERO.words(), size_of::<SumParams>());
        let input = StatisticsInput::Elements(ElementType::F32);
        let statistics = Statistics { input, width: VectorWidth::Four };
        let size = size_of::<StatisticsParams>();
        check(&statistics, StatisticsParams::FIELDS, &StatisticsParams::ZERO.words(), size);
        let (activation, format) = (Activation::Relu.name(), wgpu::TextureFormat::R32Float);
        let texture = TextureShader { activation, format, in_place: false };
        check(
            &texture,
            TextureParams::FIELDS,
            &TextureParams::ZERO.words(),
            size_of::<TextureParams>(),
        );
    }

    #[cfg(feature = "init")]
    #[test]
    #[cfg_attr(miri, ignore = "naga takes minutes for a module")]
    fn fields_of_a_fill_are_where_its_shader_reads_them() {
        let fill = crate::shader::fill::FillShader(ElementType::F32);
        check(&fill, FillParams::FIELDS, &FillParams::ZERO.words(), size_of::<FillParams>());
    }
}
