//! Kernels to compare with the library's: one that only copies, and naive ones.

use wgpu_relu::Activation;

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

    /// A kernel that only copies, with the library's words and on its grid. No activation can be faster.
    pub(crate) fn copy(shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) -> Outcome<Self> {
        let device = shared.gpu.device();
        let shape = Shape::new(&shared.gpu.adapter_info(), &device.limits(), device.features());
        let length = u32::try_from(x.size() / 4)?;
        // The library takes shorter lengths, and the rest of others, one element at a time.
        if length <= 1024 || !length.is_multiple_of(shape.word) {
            return Err(format!(
                "{length} elements do not go by whole words: take a multiple of {} above 1024",
                shape.word
            )
            .into());
        }
        let words = length / shape.word;
        let pipeline = pipeline(device, "copy kernel", &shape.source());
        let uniform = uniform_buffer(device, &[words, 0, 0, 0]);
        let bind_group = bind(device, &pipeline, [&uniform, y, x]);
        let needed = words.div_ceil(shape.workgroup * shape.words);
        let workgroups = grid(device, needed);
        Ok(Kernel { pipeline, bind_group, workgroups })
    }
}

/// How the library moves data: `LaunchConfig` in src/plan/launch_config.rs.
struct Shape {
    workgroup: u32,
    lanes: u32,
    /// Words per invocation.
    words: u32,
    /// Elements per word.
    word: u32,
}

impl Shape {
    fn new(info: &wgpu::AdapterInfo, limits: &wgpu::Limits, features: wgpu::Features) -> Self {
        if info.device_type == wgpu::DeviceType::Cpu {
            let lanes = info.subgroup_min_size.clamp(4, 64);
            let lanes = if lanes.is_power_of_two() { lanes } else { 8 };
            let wide = features.contains(wgpu::Features::SHADER_INT64)
                && info.backend == wgpu::Backend::Vulkan;
            let word = if wide { 8 } else { 4 };
            Shape { workgroup: 64, lanes, words: 16, word }
        } else {
            let workgroup =
                if limits.max_compute_invocations_per_workgroup >= 256 { 256 } else { 64 };
            Shape { workgroup, lanes: workgroup, words: 1, word: 4 }
        }
    }

    fn source(&self) -> String {
        let Shape { workgroup, lanes, words, word } = self;
        let word = if *word == 8 { "vec4<u64>" } else { "vec4<u32>" };
        format!(
            "@group(0) @binding(0) var<uniform> given: vec4<u32>; // words, first of y, first of x
            @group(0) @binding(1) var<storage, read_write> y: array<{word}>;
            @group(0) @binding(2) var<storage, read> x: array<{word}>;

            @compute @workgroup_size({workgroup})
            fn main(
                @builtin(local_invocation_index) local: u32,
                @builtin(workgroup_id) workgroup: vec3<u32>,
                @builtin(num_workgroups) workgroups: vec3<u32>,
            ) {{
                let operation = given;
                let blocks = {workgroup}u / {lanes}u;
                let block = (workgroup.y * workgroups.x + workgroup.x) * blocks + local / {lanes}u;
                let first = block * {lanes}u * {words}u + local % {lanes}u;
                for (var step = 0u; step < {words}u; step++) {{
                    let i = first + step * {lanes}u;
                    if (i >= operation.x) {{ break; }}
                    y[operation.y + i] = x[operation.z + i];
                }}
            }}"
        )
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
        let uniform = uniform_buffer(device, &[length, 0, 0, 0]);
        let bind_group = bind(device, &self.pipeline, [&uniform, y, x]);
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
    buffers: [&wgpu::Buffer; 3],
) -> wgpu::BindGroup {
    let mut number = 0..;
    let entries = buffers.map(|buffer| wgpu::BindGroupEntry {
        binding: number.next().unwrap_or_default(),
        resource: buffer.as_entire_binding(),
    });
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

fn uniform_buffer(device: &wgpu::Device, words: &[u32; 4]) -> wgpu::Buffer {
    use wgpu::util::DeviceExt;
    let bytes = words.map(u32::to_le_bytes);
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytes.as_flattened(),
        usage: wgpu::BufferUsages::UNIFORM,
    })
}
