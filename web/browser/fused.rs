//! Additions in the same pass, masks, gradients that add, random slopes.

use testkit::compare;
use testkit::inputs::{data, random_words, upstream};
use wgpu_relu::{Activation, Channels, Draw, Fusion, GpuRelu};

use crate::device::Device;
use crate::{Outcome, bits, hold};

/// Numbers between -4 and 4.
fn numbers(length: usize, seed: u64) -> Vec<f32> {
    let mut random = random_words(seed);
    (0..length).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect()
}

fn sum(a: &[f32], b: impl Fn(usize) -> f32) -> Vec<f32> {
    a.iter().enumerate().map(|(i, a)| a + b(i)).collect()
}

/// A bias before and a residual after give the same as the operations one after the other.
pub(crate) async fn additions(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let (rows, channels) = (5, Channels { count: 7, inner: 9 });
    let length = rows * 7 * 9;
    let (x, dy) = (numbers(length, 1), numbers(length, 2));
    let (residual, by_channel) = (numbers(length, 3), numbers(7, 4));
    let biased = sum(&x, |i| by_channel[i / 9 % 7]);
    let [x_buffer, dy_buffer, r_buffer, b_buffer, biased_buffer] =
        [&x, &dy, &residual, &by_channel, &biased].map(|values| gpu.upload(values));
    let (x_buffer, dy_buffer, biased_buffer) = (x_buffer?, dy_buffer?, biased_buffer?);
    let (r_buffer, b_buffer) = (r_buffer?, b_buffer?);
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu, activation)?;
        let bias = Fusion::new().channel_bias(&b_buffer, channels);
        let plain = gpu.download_async(&operator.apply(&biased_buffer)?).await?;
        let expected = sum(&plain, |i| residual[i]);
        let fused = operator.apply_fused(&x_buffer, bias.residual(&r_buffer))?;
        let fused = gpu.download_async(&fused).await?;
        hold(fused == expected, || format!("{activation} with bias and residual"))?;
        let plain = gpu.download_async(&operator.gradient(&biased_buffer, &dy_buffer)?).await?;
        let fused = operator.fused_gradient(&x_buffer, &dy_buffer, bias)?;
        hold(gpu.download_async(&fused).await? == plain, || {
            format!("the gradient of {activation} with a bias")
        })?;
    }
    let sums = gpu.download_async(&gpu.channel_sums(&dy_buffer, channels)?).await?;
    for (channel, &found) in sums.iter().enumerate() {
        let of = dy.iter().enumerate().filter(|(i, _)| i / 9 % 7 == channel);
        let expected: f64 = of.map(|(_, &dy)| f64::from(dy)).sum();
        hold((f64::from(found) - expected).abs() < 1e-4, || {
            format!("channel {channel} sums to {found}, not {expected}")
        })?;
    }
    Ok(())
}

/// A gradient from a mask is the gradient, to the bit.
pub(crate) async fn masks(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let mut masked = 0;
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu, activation)?;
        let length = 4093;
        if operator.mask_size(length as u64).is_err() {
            continue;
        }
        masked += 1;
        let x = gpu.upload(&data(activation, length, 5))?;
        let dy = gpu.upload(&upstream(length, 5))?;
        let (y, mask) = operator.apply_with_mask(&x)?;
        let from_mask = gpu.download_async(&operator.mask_gradient(&mask, &dy)?).await?;
        let from_x = gpu.download_async(&operator.gradient(&x, &dy)?).await?;
        let plain = gpu.download_async(&operator.apply(&x)?).await?;
        hold(bits(&gpu.download_async(&y).await?) == bits(&plain), || format!("{activation}: y"))?;
        // Payloads of NaNs may differ, because one multiplies and the other selects.
        let same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
        hold(from_mask.iter().zip(&from_x).all(same), || format!("{activation}: dx"))?;
    }
    hold(masked >= 5, || format!("only {masked} activations have masks"))
}

/// dx += dy · f'(x).
pub(crate) async fn accumulating(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let (x, dy) = (numbers(1003, 6), numbers(1003, 7));
    let (x, dy) = (gpu.upload(&x)?, gpu.upload(&dy)?);
    let operator = GpuRelu::with_activation(gpu, Activation::Gelu)?;
    let before = numbers(1003, 8);
    let plain = gpu.download_async(&operator.gradient(&x, &dy)?).await?;
    let expected = sum(&before, |i| plain[i]);
    let dx = gpu.upload(&before)?;
    operator.accumulating().gradient_into(&x, &dy, &dx)?;
    let found = gpu.download_async(&dx).await?;
    hold(found == expected, || "the sum is another".to_owned())
}

/// Random slopes of the device are those of the CPU.
pub(crate) async fn draws(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let draw = Draw { seed: 0x0123_4567_89ab_cdef, offset: 1 << 40 };
    let (lower, upper) = (0.125f32, 1.0 / 3.0);
    let rrelu = GpuRelu::with_activation(gpu, Activation::Rrelu { lower, upper })?;
    let rrelu = rrelu.in_training(draw)?;
    let (x, dy) = (data(rrelu.activation(), 2051, 9), upstream(2051, 9));
    let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
    let y = gpu.download_async(&rrelu.apply(&x_buffer)?).await?;
    let dx = gpu.download_async(&rrelu.gradient(&x_buffer, &dy_buffer)?).await?;
    for i in 0..x.len() {
        let leaky = Activation::LeakyRelu { negative_slope: draw.slope(lower, upper, i as u64) };
        let (x, dy, y, dx) = (&x[i..=i], &dy[i..=i], &y[i..=i], &dx[i..=i]);
        compare::values(device.flushes, leaky, x, y)
            .and(compare::gradients(device.flushes, leaky, x, dy, dx))
            .map_err(|error| format!("{i}, {leaky}: {error}"))?;
    }
    Ok(())
}
