//! Bad input gives a typed error, because a browser cannot catch a panic.

use wgpu_relu::wgpu::{self, BufferUsages as Usage};
use wgpu_relu::{
    Activation, Channels, Draw, Error, Gpu, GpuGlu, GpuPrelu, GpuRelu, Init, Result, View,
};

use crate::device::Device;
use crate::{Outcome, hold};

/// Every kind of mistake that a caller can make in a browser.
pub(crate) async fn everywhere(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let relu = GpuRelu::new(gpu);
    let good = gpu.upload(&[1.0; 8])?;
    let three = gpu.upload(&[1.0; 3])?;
    macro_rules! gives {
        ($outcome:expr, $kind:pat) => {
            let outcome = $outcome;
            hold(matches!(outcome, Err($kind)), || {
                format!("{} gave {:?}", stringify!($outcome), outcome.map(|_| ()))
            })?
        };
    }
    gives!("rellu".parse::<Activation>(), Error::Parse { .. });
    gives!("elu(alpha=1".parse::<Activation>(), Error::Parse { .. });
    let endless = Activation::Elu { alpha: f32::INFINITY };
    gives!(GpuRelu::with_activation(gpu, endless), Error::InvalidParameter { .. });
    gives!(GpuGlu::with_activation(gpu, endless), Error::InvalidParameter { .. });

    for (start, length) in [(0, 9), (8, 1), (u64::MAX / 4, 1), (0, u64::MAX)] {
        let bad = View::elements::<f32>(&good, start, length);
        for outcome in operations(gpu, bad, &good) {
            gives!(outcome, Error::OutOfBounds { .. });
        }
        gives!(gpu.download_async(bad).await, Error::OutOfBounds { .. });
        gives!(gpu.upload_into(&[1.0], bad), Error::OutOfBounds { .. });
    }
    for outcome in operations(gpu, good.slice(2..6).into(), &good) {
        gives!(outcome, Error::PartialElement { .. });
    }
    gives!(relu.apply_into(&three, &good), Error::LengthMismatch { .. });
    gives!(relu.gradient(&three, &good), Error::LengthMismatch { .. });
    gives!(relu.apply_into(good.slice(..16), good.slice(4..20)), Error::Overlap { .. });
    let plain = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 32,
        usage: Usage::COPY_DST,
        mapped_at_creation: false,
    });
    for outcome in operations(gpu, (&plain).into(), &good) {
        gives!(outcome, Error::MissingUsage { .. });
    }
    gives!(gpu.download_async(&plain).await, Error::MissingUsage { .. });

    let channels = Channels::last(3);
    gives!(GpuPrelu::with_channels(gpu, &three, channels).apply(&good), Error::Channels { .. });
    gives!(gpu.channel_sums(&good, channels), Error::Channels { .. });
    let normal = Init::Normal { mean: 0.0, std: 1.0 };
    hold(gpu.fill(&good, normal, &[2, 3], Draw::default()).is_err(), || "fill".to_owned())?;

    // An empty input gives an empty result.
    let empty = gpu.upload(&[])?;
    hold(gpu.download_async(&relu.apply(&empty)?).await?.is_empty(), || "nothing".to_owned())
}

/// Every call that takes an input, with `bad` in its place.
fn operations(gpu: &Gpu, bad: View<'_>, good: &wgpu::Buffer) -> Vec<Result<()>> {
    let relu = GpuRelu::new(gpu);
    vec![
        relu.apply(bad).map(|_| ()),
        relu.apply_into(bad, good),
        relu.apply_into(good, bad),
        relu.apply_in_place(bad),
        relu.gradient(bad, good).map(|_| ()),
        relu.gradient(good, bad).map(|_| ()),
        relu.gradient_into(good, good, bad),
        relu.prepare(bad, good).map(|_| ()),
        relu.prepare_gradient(bad, good, good).map(|_| ()),
    ]
}
