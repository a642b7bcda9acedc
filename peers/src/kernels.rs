//! Kernels to compare with the library's: one that only copies, and naive ones.

use wgpu_relu::plan::{BufferId, BufferRange, Planner, Request};
use wgpu_relu::{Activation, Operand};

use crate::Outcome;
use crate::device::Shared;

/// A pipeline with its bind group, made once.
#[derive(Clone)]
pub(crate) struct Kernel {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) bind_group: wgpu::BindGroup,
    pub(crate) workgroups: [u32; 2],
}

impl Kernel {
    pub(crate) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y] = self.workgroups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(x, y, 1);
    }

    /// The library's kernel for relu with the identity in relu's place. No activation can be faster.
    pub(crate) fn copy(shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) -> Outcome<Self> {
        const RELU: &str = "return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));";
        let device = shared.gpu.device();
        let planner = Planner::new(&shared.gpu.adapter_info(), &device.limits(), device.features());
        let plan = Request::forward(Activation::Relu)
            .with(Operand::Y, BufferRange::whole(0, y.size()))
            .with(Operand::X, BufferRange::whole(1, x.size()))
            .plan(&planner)?;
        let [dispatch] = &plan.dispatches[..] else {
            return Err("relu takes more than one dispatch here: take fewer elements".into());
        };
        let source = dispatch.source_with_constants();
        if source.matches(RELU).count() != 1 {
            return Err("shaders/activation/relu.wgsl has changed: change RELU with it".into());
        }
        let pipeline = pipeline(device, "copy kernel", &source.replace(RELU, "return x;"));
        let uniform = uniform_buffer(device, dispatch.uniform());
        let mut buffers: Vec<&wgpu::Buffer> = dispatch
            .bindings()
            .iter()
            .map(|binding| if binding.buffer == BufferId::Operand(0) { y } else { x })
            .collect();
        buffers.push(&uniform);
        let bind_group = bind(device, &pipeline, &buffers);
        let [width, height, _] = dispatch.workgroups();
        Ok(Kernel { pipeline, bind_group, workgroups: [width, height] })
    }
}

/// A row of workgroups, or several past the limit of one.
fn grid(device: &wgpu::Device, needed: u32) -> [u32; 2] {
    let width = needed.clamp(1, device.limits().max_compute_workgroups_per_dimension);
    [width, needed.div_ceil(width)]
}

/// An activation in its simplest form: one element per invocation, workgroups of 64.
#[derive(Clone)]
pub(crate) struct Naive {
    pipeline: wgpu::ComputePipeline,
}

impl Naive {
    /// `None` for an activation without a naive kernel here.
    pub(crate) fn new(shared: &Shared, activation: Activation) -> Option<Self> {
        let source = naive_source(activation)?;
        Some(Naive { pipeline: pipeline(shared.gpu.device(), "naive kernel", &source) })
    }

    /// Makes everything but the pipeline anew: uniform, bind group, encoder, pass and submit.
    pub(crate) fn submit(&self, shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) {
        let kernel = self.bind(shared, x, y);
        let mut encoder = shared.gpu.device().create_command_encoder(&Default::default());
        kernel.record(&mut encoder.begin_compute_pass(&Default::default()));
        shared.gpu.queue().submit([encoder.finish()]);
    }

    /// The same, bound once.
    pub(crate) fn bind(&self, shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) -> Kernel {
        let device = shared.gpu.device();
        let length = (x.size() / 4) as u32;
        let words = [length, 0, 0, 0].map(u32::to_le_bytes);
        let uniform = uniform_buffer(device, words.as_flattened());
        let bind_group = bind(device, &self.pipeline, &[&uniform, y, x]);
        let workgroups = grid(device, length.div_ceil(64));
        Kernel { pipeline: self.pipeline.clone(), bind_group, workgroups }
    }
}

fn naive_source(activation: Activation) -> Option<String> {
    let expression = match activation {
        Activation::Relu => "max(v, 0.0)".to_owned(),
        Activation::LeakyRelu { negative_slope } => {
            format!("select(f32({negative_slope:?}) * v, v, v > 0.0)")
        }
        Activation::Elu { alpha } => format!("select(f32({alpha:?}) * (exp(v) - 1.0), v, v > 0.0)"),
        Activation::Gelu => "0.5 * v * (1.0 + erf(v * 0.70710678))".to_owned(),
        Activation::Silu => "v / (1.0 + exp(-v))".to_owned(),
        Activation::Mish => "v * tanh(log(1.0 + exp(v)))".to_owned(),
        _ => return None,
    };
    Some(format!(
        "@group(0) @binding(0) var<uniform> shape: vec4<u32>; // the length first
        @group(0) @binding(1) var<storage, read_write> y: array<f32>;
        @group(0) @binding(2) var<storage, read> x: array<f32>;

        // Abramowitz and Stegun 7.1.26.
        fn erf(v: f32) -> f32 {{
            let t = 1.0 / (1.0 + 0.3275911 * abs(v));
            let p = (((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t;
            return sign(v) * (1.0 - (p + 0.254829592) * t * exp(-v * v));
        }}

        fn f(v: f32) -> f32 {{ return {expression}; }}

        @compute @workgroup_size(64)
        fn main(
            @builtin(global_invocation_id) id: vec3<u32>,
            @builtin(num_workgroups) workgroups: vec3<u32>,
        ) {{
            let i = id.y * workgroups.x * 64u + id.x;
            if (i < shape.x) {{ y[i] = f(x[i]); }}
        }}"
    ))
}

fn pipeline(device: &wgpu::Device, label: &str, source: &str) -> wgpu::ComputePipeline {
    let label = Some(label);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

fn bind(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

fn uniform_buffer(device: &wgpu::Device, contents: &[u8]) -> wgpu::Buffer {
    use wgpu::util::DeviceExt;
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents,
        usage: wgpu::BufferUsages::UNIFORM,
    })
}
