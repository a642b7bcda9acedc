//! The shaders of the products, compiled with their epilogues.

use wgpu_relu::{Activation, wgsl};

/// One epilogue's pipelines.
pub(crate) struct Kernels {
    pub(crate) features: wgpu::ComputePipeline,
    pub(crate) hidden: wgpu::ComputePipeline,
    pub(crate) colours: wgpu::ComputePipeline,
}

/// The binding of the activations' parameters.
pub(crate) const PARAMETERS: u32 = 2;

impl Kernels {
    /// With the activations of the hidden layers and of the last one in the epilogue, or without them, to be recorded.
    pub(crate) fn new(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        fused: Option<[Activation; 2]>,
    ) -> Self {
        let [inner, last] = match fused {
            None => {
                let nothing = "fn epilogue(v: vec4<f32>) -> vec4<f32> { return v; }";
                let module = module(device, "", nothing);
                [module.clone(), module]
            }
            Some(activations) => [0, 1].map(|layer: usize| {
                let activation = activations[layer];
                let name = activation.name();
                let epilogue = format!(
                    "@group(0) @binding({PARAMETERS}) var<uniform> parameters: array<vec4<f32>, 2>;
                    fn epilogue(v: vec4<f32>) -> vec4<f32> {{ return {name}(v, parameters[{layer}]); }}"
                );
                module(device, &wgsl::module(&[activation]), &epilogue)
            }),
        };
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("renderer layers"),
            bind_group_layouts: &[Some(layout)],
            immediate_size: 0,
        });
        let pipeline = |module: &wgpu::ShaderModule, entry_point: &str| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry_point),
                layout: Some(&layout),
                module,
                entry_point: Some(entry_point),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        Kernels {
            features: pipeline(&inner, "features"),
            hidden: pipeline(&inner, "hidden"),
            colours: pipeline(&last, "colours"),
        }
    }
}

/// The products with an epilogue: whole files, joined.
fn module(device: &wgpu::Device, activation: &str, epilogue: &str) -> wgpu::ShaderModule {
    const LAYERS: &str = include_str!("shaders/layers.wgsl");
    const WAVES: &str = include_str!("shaders/waves.wgsl");
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("renderer layers"),
        source: wgpu::ShaderSource::Wgsl([activation, LAYERS, WAVES, epilogue].join("\n").into()),
    })
}

/// The parameters of an activation as its WGSL takes them.
pub(crate) fn parameters(activation: &Activation) -> [f32; 4] {
    let mut packed = [0.0; 4];
    for (slot, (_, value)) in packed.iter_mut().zip(activation.parameters()) {
        *slot = value;
    }
    packed
}
