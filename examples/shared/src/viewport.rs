//! Pipelines whose fragment shader paints the whole viewport. Draw three vertices with them.

use wgpu_relu::wgpu;

/// Makes a pipeline for targets of `format`, without a depth buffer.
///
/// `shader` is viewport.wgsl and then the fragment shader `paint`, which gets its place at location 0. `constants` include
/// [`srgb`]. A page that has both at compile time is smaller.
pub fn pipeline(
    device: &wgpu::Device,
    format: wgpu::TextureFormat,
    label: &str,
    shader: &'static str,
    constants: &[(&str, f64)],
) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(label),
        source: wgpu::ShaderSource::Wgsl(shader.into()),
    });
    let options = wgpu::PipelineCompilationOptions { constants, ..Default::default() };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(label),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            compilation_options: options.clone(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("paint"),
            compilation_options: options,
            targets: &[Some(wgpu::ColorTargetState {
                format,
                blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// The constant of viewport.wgsl: whether targets of `format` take linear colours.
pub fn srgb(format: wgpu::TextureFormat) -> (&'static str, f64) {
    ("SRGB", f64::from(u8::from(format.is_srgb())))
}
