//! GELU inside a kernel of your own: the crate gives the WGSL function, you keep pipeline and bindings.
//!
//! ```sh
//! cargo run --example in_your_shader
//! ```

use wgpu_relu::{Activation, Gpu, reference, wgpu, wgsl};

/// Your kernel. It calls `gelu(x, p)`; p holds the parameters of an activation, and GELU has none.
const KERNEL: &str = "
    @group(0) @binding(0) var<storage, read_write> data: array<f32>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x >= arrayLength(&data)) { return; }
        let x = 0.5 * data[id.x];
        data[id.x] = gelu(vec4<f32>(x), vec4<f32>(0.0)).x;
    }
";

fn main() -> wgpu_relu::Result<()> {
    let gpu = Gpu::new()?; // in_your_pass.rs takes your own device
    let (device, queue) = (gpu.device(), gpu.queue());
    let numbers = [-2.0, 0.0, 4.0];
    let data = gpu.upload(&numbers)?;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(format!("{}{KERNEL}", wgsl::GELU).into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let entry = wgpu::BindGroupEntry { binding: 0, resource: data.as_entire_binding() };
    let layout = &pipeline.get_bind_group_layout(0);
    let descriptor = wgpu::BindGroupDescriptor { label: None, layout, entries: &[entry] };
    let bind_group = device.create_bind_group(&descriptor);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }
    queue.submit([encoder.finish()]);

    for (x, y) in numbers.into_iter().zip(gpu.download(&data)?) {
        println!("gelu(0.5 * {x}) = {y}");
        assert!(reference::value_ulp_error(Activation::Gelu, 0.5 * x, y) <= 2.0);
    }
    Ok(())
}

#[test]
fn your_kernel_computes_gelu() -> wgpu_relu::Result<()> {
    main()
}
