//! Uses the crate as a renderer does: with its own device, encoder, pass and submit.

use wgpu_relu::wgpu;
use wgpu_relu::{Activation, Channels, Gpu, GpuRelu, Prepared, Unit, reference};

use crate::device::Device;
use crate::{Outcome, hold};

/// Records the steps in one pass and submits.
fn submit(gpu: &Gpu, steps: &[&Prepared]) {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        steps.iter().for_each(|step| step.record(&mut pass));
    }
    gpu.queue().submit([encoder.finish()]);
}

/// Prepared once, recorded in every frame, with other parameters in the last.
pub(crate) async fn frames(device: &Device) -> Outcome {
    let gpu = Gpu::from_device(device.gpu.device(), device.gpu.queue());
    let elu = Activation::Elu { alpha: 1.0 };
    gpu.prewarm([elu, Activation::Relu])?;
    let leaky = |negative_slope| Activation::LeakyRelu { negative_slope };
    let x: Vec<f32> = (0..5001).map(|i| i as f32 / 1000.0 - 2.5).collect();
    let [input, middle, dx] = [0; 3].map(|_| gpu.upload(&x));
    let (input, middle, dx) = (input?, middle?, dx?);

    let first = GpuRelu::with_activation(&gpu, leaky(0.5))?.prepare(&input, &middle)?;
    let second = GpuRelu::with_activation(&gpu, elu)?.prepare_gradient(&input, &middle, &dx)?;
    for slope in [0.5, 0.5, -2.0] {
        first.set_activation(leaky(slope))?;
        submit(&gpu, &[&first, &second]);
        let dy = reference::forward(leaky(slope), &x);
        let found = gpu.download_async(&dx).await?;
        for i in 0..x.len() {
            let ulp = reference::gradient_ulp_error(elu, x[i], dy[i], found[i]);
            hold(ulp <= elu.gradient_tolerance().ulp(), || format!("slope {slope}, element {i}"))?;
        }
    }
    let other = first.set_activation(elu);
    hold(other.is_err(), || "took another activation than the prepared one".to_owned())
}

/// Zeros, mean and variance, of two units.
pub(crate) async fn statistics(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let y: Vec<f32> =
        (0..2000).map(|i| if i % 2 == 0 { 0.0 } else { (i / 2 % 4) as f32 }).collect();
    let y = gpu.upload(&y)?;
    let records = gpu.upload(&vec![0.0; 2 * Unit::SIZE as usize / 4])?;
    let step = gpu.prepare_units(&y, Channels::last(2), Activation::Relu, &records)?;
    submit(gpu, &[&step]);
    let units = Unit::from_records(&gpu.download_async(&records).await?);
    hold(units.len() == 2 && units[0].is_dead() && !units[1].is_dead(), || format!("{units:?}"))?;
    let Unit { zeros, mean, variance, .. } = units[1];
    let right = zeros == 250 && (mean - 1.5).abs() < 1e-5 && (variance - 1.25).abs() < 1e-5;
    hold(right, || format!("{:?}", units[1]))
}
