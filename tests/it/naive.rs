//! Kernels in the usual form, with one element per invocation and everything made anew per call: subjects that the
//! harness must accept or catch.

use std::sync::OnceLock;

use testkit::layout::Subject;
use wgpu_relu::{Gpu, Result, View};

use crate::raw_buffer;

/// A subject from two WGSL expressions.
pub(crate) struct Naive<'a> {
    pub(crate) gpu: &'a Gpu,
    /// y from `x` and the parameters `p`.
    pub(crate) forward: &'static str,
    /// dx from `x`, `g` and `p`.
    pub(crate) gradient: &'static str,
    /// The number of elements that it processes, from `n`.
    pub(crate) count: &'static str,
    pub(crate) parameters: [f32; 4],
}

impl Naive<'_> {
    fn run(&self, expression: &str, x: View<'_>, g: View<'_>, y: View<'_>) {
        let [(x, x_at, bytes), (g, g_at, _), (y, y_at, _)] =
            [x, g, y].map(|view| (view.buffer(), view.offset(), view.size()));
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let source = format!(
            "@group(0) @binding(0) var<storage, read> x_: array<f32>;
             @group(0) @binding(1) var<storage, read> g_: array<f32>;
             @group(0) @binding(2) var<storage, read_write> y_: array<f32>;
             struct Shape {{ p: vec4<f32>, n: u32, at: u32 }}
             @group(0) @binding(3) var<uniform> shape: Shape;
             @compute @workgroup_size(64)
             fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
                 let i = id.x + id.y * 65535u * 64u;
                 let n = shape.n;
                 let p = shape.p;
                 if (i >= {}) {{ return; }}
                 let x = x_[i];
                 let g = g_[i];
                 y_[shape.at + i] = {expression};
             }}",
            self.count
        );
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        // Copies of the inputs, with space for one more element, so they take any layout.
        let copy = || {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes + 4,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let (x_copy, g_copy) = (copy(), copy());
        let mut shape = self.parameters.map(f32::to_bits).to_vec();
        shape.extend([(bytes / 4) as u32, (y_at / 4) as u32, 0, 0]);
        let shape = raw_buffer(device, wgpu::BufferUsages::UNIFORM, &shape);
        let layout = pipeline.get_bind_group_layout(0);
        let entries = [(0, &x_copy), (1, &g_copy), (2, y), (3, &shape)].map(|(binding, buffer)| {
            wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layout,
            entries: &entries,
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(x, x_at, &x_copy, 0, bytes);
        encoder.copy_buffer_to_buffer(g, g_at, &g_copy, 0, bytes);
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bind_group, &[]);
            let groups = (bytes / 4 + 1).div_ceil(64) as u32;
            pass.dispatch_workgroups(groups.min(65535), groups.div_ceil(65535), 1);
        }
        queue.submit([encoder.finish()]);
    }
}

impl Subject for Naive<'_> {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        self.run(self.forward, x, x, y);
        Ok(())
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
        self.run(self.gradient, x, dy, dx);
        Ok(())
    }
}

/// Whether arithmetic on the device takes subnormal numbers for 0, measured once.
pub(crate) fn flushes_subnormals(gpu: &Gpu) -> bool {
    static FLUSHES: OnceLock<bool> = OnceLock::new();
    *FLUSHES.get_or_init(|| {
        let double =
            Naive { gpu, forward: "x * p.x", gradient: "x", count: "n", parameters: [2.0; 4] };
        let x = gpu.upload(&[1e-40]).unwrap();
        double.run(double.forward, (&x).into(), (&x).into(), (&x).into());
        gpu.download(&x).unwrap()[0] == 0.0
    })
}
