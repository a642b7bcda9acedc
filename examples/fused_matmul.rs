//! Fuses GELU into the epilogue of your own matrix product, and compares it with the product and the operator one after
//! the other. The fusion saves a pass over the result.
//!
//! ```sh
//! cargo run --example fused_matmul
//! ```

use std::process::ExitCode;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};
use wgpu_relu::{Activation, Gpu, reference, wgpu, wgsl};

const ROWS: usize = 512;
const INNER: usize = 64;
const COLUMNS: usize = 256;

/// The caller's shader: each invocation makes four neighbouring elements of c = epilogue(a b).
const MATMUL: &str = "
    const INNER = 64u;
    const COLUMNS = 256u;
    @group(0) @binding(0) var<storage, read> a: array<f32>;
    @group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
    @group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x >= arrayLength(&c)) { return; }
        let row = id.x / (COLUMNS / 4u);
        let column = id.x % (COLUMNS / 4u);
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < INNER; k++) {
            sum += a[row * INNER + k] * b[k * (COLUMNS / 4u) + column];
        }
        c[id.x] = epilogue(sum);
    }
";

fn main() -> ExitCode {
    match run() {
        Ok(worst) if worst <= 1.0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The largest difference, in ulp.
fn run() -> wgpu_relu::Result<f64> {
    let gpu = Gpu::new()?;
    let mut random = StdRng::seed_from_u64(0);
    let mut normal = |count: usize, scale: f32| -> Vec<f32> {
        let mut draw = || -> f32 { StandardNormal.sample(&mut random) };
        (0..count).map(|_| scale * draw()).collect()
    };
    let a = gpu.upload(&normal(ROWS * INNER, 1.0))?;
    let b = gpu.upload(&normal(INNER * COLUMNS, (2.0 / INNER as f32).sqrt()))?;
    let fused = gpu.zeros::<f32>((ROWS * COLUMNS) as u64)?;
    let product = gpu.zeros::<f32>((ROWS * COLUMNS) as u64)?;

    let with_gelu = "fn epilogue(v: vec4<f32>) -> vec4<f32> { return gelu(v, vec4<f32>(0.0)); }";
    matmul(&gpu, &[wgsl::GELU, MATMUL, with_gelu], [&a, &b, &fused]);

    let alone = "fn epilogue(v: vec4<f32>) -> vec4<f32> { return v; }";
    matmul(&gpu, &[MATMUL, alone], [&a, &b, &product]);
    Activation::Gelu.on(&gpu)?.apply_in_place(&product)?;

    let (fused, unfused) = (gpu.download(&fused)?, gpu.download(&product)?);
    let differences = fused.iter().zip(&unfused);
    let worst =
        differences.map(|(&a, &b)| reference::ulp_error(f64::from(b), a)).fold(0.0, f64::max);
    println!(
        "{ROWS} x {INNER} times {INNER} x {COLUMNS}, gelu fused against gelu after: {worst} ulp apart at most"
    );
    Ok(worst)
}

/// Compiles the joined sources and runs them once, with plain wgpu.
fn matmul(gpu: &Gpu, sources: &[&str], buffers: [&wgpu::Buffer; 3]) {
    let device = gpu.device();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("matmul"),
        source: wgpu::ShaderSource::Wgsl(sources.concat().into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("matmul"),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let entries = [0, 1, 2].map(|binding| wgpu::BindGroupEntry {
        binding,
        resource: buffers[binding as usize].as_entire_binding(),
    });
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("matmul"),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups((ROWS * COLUMNS / 4).div_ceil(64) as u32, 1, 1);
    }
    gpu.queue().submit([encoder.finish()]);
}
