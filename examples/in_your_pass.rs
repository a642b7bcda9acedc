//! Two activations in a compute pass of your own: your device, your encoder, your submit.
//!
//! ```sh
//! cargo run --example in_your_pass
//! ```

use std::error::Error;

use wgpu_relu::{Activation, Gpu, GpuRelu, wgpu};

fn main() -> Result<(), Box<dyn Error>> {
    let (device, queue) = pollster::block_on(your_device())?;

    // Once: adopt the device, make the buffers, prepare the operations.
    let gpu = Gpu::from_device(&device, &queue);
    let x = gpu.upload(&[-1.0, 0.0, 2.0])?;
    let y = gpu.zeros::<f32>(3)?;
    let elu = Activation::Elu { alpha: 1.0 }.on(&gpu)?.prepare(&x, &y)?; // y = elu(x)
    let relu = GpuRelu::new(&gpu).prepare(&x, &x)?; // x = relu(x), in place

    // Every frame: record. It creates no GPU object and does not submit.
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        // Your own dispatches can stand before, between and after the two.
        elu.record(&mut pass);
        relu.record(&mut pass);
    }
    queue.submit([encoder.finish()]);

    let (relu, elu) = (gpu.download(&x)?, gpu.download(&y)?);
    println!("relu: {relu:?}");
    println!("elu:  {elu:?}");
    assert_eq!(relu, [0.0, 0.0, 2.0]);
    assert!((elu[0] + 0.632_120_55).abs() < 1e-6 && elu[1..] == [0.0, 2.0]);
    Ok(())
}

/// Stands for the device that your renderer or engine already has.
async fn your_device() -> Result<(wgpu::Device, wgpu::Queue), Box<dyn Error>> {
    let instance =
        wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = wgpu::util::initialize_adapter_from_env_or_default(&instance, None).await?;
    Ok(adapter.request_device(&wgpu::DeviceDescriptor::default()).await?)
}

#[test]
fn operations_run_in_your_pass() -> Result<(), Box<dyn Error>> {
    main()
}
