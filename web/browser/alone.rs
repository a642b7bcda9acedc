//! The public WGSL sources in a shader of the user's own.

use testkit::compare::{self, Worst};
use testkit::inputs;
use wgpu_relu::Activation;
use wgpu_relu::wgpu;

use crate::Outcome;
use crate::device::Device;

/// The shader around them.
const ALONE: &str = include_str!("alone.wgsl");

/// Every N-th f32 is tried with the defaults, beside the special values.
const STRIDE: usize = 65_537;

/// Compares value and derivative of the activation's public source.
pub(crate) async fn examine(device: &Device, activation: Activation) -> Outcome<[Worst; 2]> {
    examine_source(device, activation, activation.wgsl()).await
}

/// Compares value and derivative of `source`, which claims to be `activation`.
async fn examine_source(
    device: &Device,
    activation: Activation,
    source: &str,
) -> Outcome<[Worst; 2]> {
    let name = activation.name();
    let source = format!(
        "{source}
        fn activate(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}(x, p); }}
        fn activate_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}_grad(x, p); }}"
    );
    let mut x = inputs::special_values(activation);
    if Activation::ALL.contains(&activation) {
        x.extend((0..=u32::MAX).step_by(STRIDE).map(f32::from_bits));
    }
    let mut parameters = [0.0; 4];
    for (slot, (_, value)) in parameters.iter_mut().zip(activation.parameters()) {
        *slot = value;
    }
    let [y, slope] = run(device, &source, parameters, &x).await?;
    let value = compare::values(device.flushes, activation, &x, &y)
        .map_err(|error| format!("value, {error}"))?;
    // The derivative is the gradient for an upstream gradient of 1.
    let ones = vec![1.0; x.len()];
    let derivative = compare::gradients(device.flushes, activation, &x, &ones, &slope)
        .map_err(|error| format!("derivative, {error}"))?;
    Ok([value, derivative])
}

/// The results of `activate` and `activate_grad` in `source` for `x`.
pub(crate) async fn run(
    device: &Device,
    source: &str,
    parameters: [f32; 4],
    x: &[f32],
) -> Outcome<[Vec<f32>; 2]> {
    let gpu = &device.gpu;
    let (device, queue) = (gpu.device(), gpu.queue());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl([ALONE, source].concat().into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    });
    let quads = x.len().div_ceil(4);
    let mut padded = x.to_vec();
    padded.resize(4 * quads, 0.0);
    let uniform = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 16,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    queue.write_buffer(&uniform, 0, bytemuck::bytes_of(&parameters));
    let x_buffer = gpu.upload(&padded)?;
    let (y, slope) = (gpu.upload(&vec![0.0; padded.len()])?, gpu.upload(&vec![0.0; padded.len()])?);
    let buffers = [&uniform, &x_buffer, &y, &slope];
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(quads.div_ceil(64) as u32, 1, 1);
    }
    queue.submit([encoder.finish()]);
    let mut results = [gpu.download_async(&y).await?, gpu.download_async(&slope).await?];
    results.iter_mut().for_each(|values| values.truncate(x.len()));
    Ok(results)
}

/// Tests the test: functions that are nearly right must not pass. Returns their number.
pub(crate) async fn refuses_wrong_functions(device: &Device) -> Outcome<usize> {
    let relu = Activation::Relu;
    let elu = Activation::Elu { alpha: 1.0 };
    let cases = [
        ("NaN swallowed by max", relu, "relu", "max(x, vec4<f32>(0.0))"),
        ("derivative 1 at 0", relu, "relu_grad", "step(vec4<f32>(0.0), x)"),
        ("elu by exp - 1", elu, "elu", "select(exp(x) - 1.0, x, x > vec4<f32>(0.0))"),
    ];
    for (what, activation, function, wrong) in cases {
        // The right function stays, under another name; the wrong one takes its place.
        let start = format!("fn {function}(");
        let right = activation.wgsl().replacen(&start, "fn unused(", 1);
        let source =
            format!("{right}{start}x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {wrong}; }}");
        match examine_source(device, activation, &source).await {
            Err(error) if error.to_string().contains("expected") => {}
            Err(error) => return Err(format!("{what}: not refused for its values: {error}").into()),
            Ok(_) => {
                return Err(format!("{what}: taken for {activation}; the check is blind").into());
            }
        }
    }
    Ok(cases.len())
}
