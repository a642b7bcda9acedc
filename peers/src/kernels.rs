//! Kernels beside the library's: one that only copies, and the naive ones.

use wgpu::naga;
use wgpu_relu::{Activation, wgsl};

use crate::Outcome;
use crate::device::Shared;
use crate::dispatch::{self, Access, Geometry};

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

    /// The library's own kernel for whole quads with its activation taken out, on the library's own
    /// grid: the floor under every activation.
    pub(crate) fn copy(shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) -> Outcome<Self> {
        let length = x.size() / 4;
        let whole = match dispatch::spans(&[0, 0], length, length)[..] {
            [span] => span.access == Access::Quads,
            _ => false,
        };
        if !whole {
            return Err(format!(
                "{length} elements do not go by quads in one dispatch: take a multiple of 4 above 1024"
            )
            .into());
        }
        let device = shared.gpu.device();
        let geometry = Geometry::new(&shared.gpu.adapter_info(), &device.limits());
        let source = copy_source()?;
        let pipeline = pipeline(
            device,
            "copy kernel",
            &source,
            &[
                ("WORKGROUP", geometry.workgroup.into()),
                ("LANES", geometry.lanes.into()),
                ("QUADS", geometry.quads.into()),
            ],
        );
        let uniform = operation(&source, u32::try_from(length / 4)?)?;
        let uniform = uniform_buffer(device, &uniform);
        let bind_group = bind(device, &pipeline, [&uniform, y, x]);
        Ok(Kernel { pipeline, bind_group, workgroups: geometry.workgroups(length) })
    }
}

/// relu's module with `x` in place of `relu(x, p)`.
fn copy_source() -> Outcome<String> {
    let own = wgsl::kernels()
        .into_iter()
        .find(|(name, _)| name == "relu forward Quads [Own]")
        .ok_or("the library has no module of this name: relu forward Quads [Own]")?;
    let source = own.1.replace("return relu(x, p);", "return x;");
    if source == own.1 {
        return Err("the library's module calls its activation otherwise than known here".into());
    }
    Ok(source)
}

/// The uniform of a dispatch over `quads` quads at the buffers' start: all 0 but for the length, whose
/// place the module itself tells.
fn operation(source: &str, quads: u32) -> Outcome<Vec<u8>> {
    let module = naga::front::wgsl::parse_str(source)?;
    for (_, ty) in module.types.iter() {
        let naga::TypeInner::Struct { members, span } = &ty.inner else { continue };
        let length = members.iter().find(|member| member.name.as_deref() == Some("length"));
        if let Some(length) = length {
            let mut bytes = vec![0; *span as usize];
            bytes[length.offset as usize..][..4].copy_from_slice(&quads.to_le_bytes());
            return Ok(bytes);
        }
    }
    Err("the library's module has no uniform with a length".into())
}

/// An activation as one would write it first: one element an invocation, workgroups of 64.
#[derive(Clone)]
pub(crate) struct Naive {
    pipeline: wgpu::ComputePipeline,
}

impl Naive {
    /// `None` for an activation that has none here.
    pub(crate) fn new(shared: &Shared, activation: Activation) -> Option<Self> {
        let source = naive_source(activation)?;
        Some(Naive { pipeline: pipeline(shared.gpu.device(), "naive kernel", &source, &[]) })
    }

    /// Everything but the pipeline made anew: uniform, bind group, encoder, pass and submit.
    pub(crate) fn submit(&self, shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) {
        let kernel = self.bind(shared, x, y);
        let mut encoder = shared.gpu.device().create_command_encoder(&Default::default());
        kernel.record(&mut encoder.begin_compute_pass(&Default::default()));
        shared.gpu.queue().submit([encoder.finish()]);
    }

    /// The same, bound once and for all.
    pub(crate) fn bind(&self, shared: &Shared, x: &wgpu::Buffer, y: &wgpu::Buffer) -> Kernel {
        let device = shared.gpu.device();
        let length = (x.size() / 4) as u32;
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let uniform = uniform_buffer(device, &bytes);
        let bind_group = bind(device, &self.pipeline, [&uniform, y, x]);
        let needed = length.div_ceil(64);
        let width = needed.min(device.limits().max_compute_workgroups_per_dimension);
        let workgroups = [width, needed.div_ceil(width)];
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

fn pipeline(
    device: &wgpu::Device,
    label: &str,
    source: &str,
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
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
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            zero_initialize_workgroup_memory: false,
        },
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

fn uniform_buffer(device: &wgpu::Device, bytes: &[u8]) -> wgpu::Buffer {
    use wgpu::util::DeviceExt;
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytes,
        usage: wgpu::BufferUsages::UNIFORM,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_kernel_is_the_librarys_without_its_activation() {
        let source = copy_source().expect("relu's module is there");
        let lines = source.lines().filter(|line| line.contains("return x;")).count();
        assert_eq!(lines, 1);
        let uniform = operation(&source, 0x0403_0201).expect("it has a length");
        assert_eq!(uniform.windows(4).filter(|bytes| *bytes == [1, 2, 3, 4]).count(), 1);
        assert_eq!(uniform.iter().filter(|&&byte| byte != 0).count(), 4);
    }
}
