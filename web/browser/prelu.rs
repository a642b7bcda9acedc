//! PReLU: each channel is a leaky ReLU with a slope of its own.

use testkit::compare;
use testkit::inputs::{data, random_words, upstream};
use wgpu_relu::{Activation, Channels, GpuPrelu};

use crate::device::Device;
use crate::{Outcome, bits, hold};

/// One slope, dense layers and images; forward, in place and both gradients.
pub(crate) async fn channels(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let slopes = [0.25f32, 0.0, -0.5, 1.0, 3.0, 1e-3, 0.125];
    for (rows, count, inner) in [(1001usize, 1u32, 1u32), (33, 7, 1), (3, 5, 7), (4, 3, 16)] {
        let case = format!("{rows} x {count} x {inner}");
        let channels = Channels { count, inner };
        let length = rows * (count * inner) as usize;
        let weights = gpu.upload(&slopes[..count as usize])?;
        let prelu = GpuPrelu::with_channels(gpu, &weights, channels);
        let (x, dy) = (data(Activation::Relu, length, 1), upstream(length, 1));
        let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
        let y = gpu.download_async(&prelu.apply(&x_buffer)?).await?;
        let dx = gpu.download_async(&prelu.gradient(&x_buffer, &dy_buffer)?).await?;
        prelu.apply_in_place(&x_buffer)?;
        let in_place = gpu.download_async(&x_buffer).await?;
        hold(bits(&in_place) == bits(&y), || format!("{case}: in place it is another result"))?;
        for (channel, &slope) in slopes[..count as usize].iter().enumerate() {
            let leaky = Activation::LeakyRelu { negative_slope: slope };
            let of = |values: &[f32]| of_channel(values, channels, channel);
            let [x, dy, y, dx] = [&x, &dy, &y, &dx].map(|values| of(values));
            compare::values(device.flushes, leaky, &x, &y)
                .and(compare::gradients(device.flushes, leaky, &x, &dy, &dx))
                .map_err(|error| format!("{case}, {leaky}: {error}"))?;
        }
        slope_gradient(device, &prelu, rows).await.map_err(|error| format!("{case}: {error}"))?;
    }
    Ok(())
}

fn of_channel(values: &[f32], channels: Channels, channel: usize) -> Vec<f32> {
    let of = |i: usize| i / channels.inner as usize % channels.count as usize == channel;
    values.iter().enumerate().filter(|(i, _)| of(*i)).map(|(_, &value)| value).collect()
}

/// The gradient of the slopes against a sum in f64.
async fn slope_gradient(device: &Device, prelu: &GpuPrelu, rows: usize) -> Outcome {
    let gpu = &device.gpu;
    let channels = prelu.channels();
    let length = rows * (channels.count * channels.inner) as usize;
    let mut random = random_words(7);
    let mut numbers =
        || -> Vec<f32> { (0..length).map(|_| random() as i32 as f32 / (1 << 30) as f32).collect() };
    let (x, dy) = (numbers(), numbers());
    let dw = prelu.weight_gradient(&gpu.upload(&x)?, &gpu.upload(&dy)?)?;
    for (channel, found) in gpu.download_async(&dw).await?.into_iter().enumerate() {
        let [x, dy] = [&x, &dy].map(|values| of_channel(values, channels, channel));
        let terms = x.iter().zip(&dy).filter(|(x, _)| **x <= 0.0);
        let terms: Vec<f64> = terms.map(|(&x, &dy)| f64::from(x) * f64::from(dy)).collect();
        let (expected, size): (f64, f64) =
            (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum());
        let bound = 64.0 * 2.0 * f64::from(f32::EPSILON) * size;
        hold((f64::from(found) - expected).abs() <= bound, || {
            format!("dw of channel {channel} is {found}, not {expected}")
        })?;
    }
    Ok(())
}
