//! Transfers between the page's memory and the device's.

use testkit::inputs::random_words;
use wgpu_relu::half::f16;
use wgpu_relu::{Error, View};

use crate::device::Device;
use crate::{Outcome, bits, hold};

/// Every bit of ranges of buffers survives the way there and back, also if 16-bit floats begin within 4 bytes.
pub(crate) async fn ranges(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let mut random = random_words(3);
    let x: Vec<f32> = (0..300_000).map(|_| f32::from_bits(random())).collect();
    let buffer = gpu.upload(&x)?;
    // Two at once, and one that is dropped before it has arrived.
    let (all, part) = (gpu.download_async(&buffer), gpu.download_async(buffer.slice(40..4000)));
    drop(gpu.download_async(&buffer));
    hold(bits(&all.await?) == bits(&x), || "a download is not what was uploaded".to_owned())?;
    hold(bits(&part.await?) == bits(&x[10..1000]), || "a range of it is not".to_owned())?;

    let before = gpu.download_async(buffer.slice(..16));
    gpu.upload_into(&[7.0; 2], buffer.slice(4..12))?;
    let after = gpu.download_async(buffer.slice(..16)).await?;
    hold(bits(&before.await?) == bits(&x[..4]), || "a download sees what came later".to_owned())?;
    let expected = [x[0], 7.0, 7.0, x[3]];
    hold(bits(&after) == bits(&expected), || format!("{after:?}, not {expected:?}"))?;

    let halves: Vec<f16> = (0..41).map(|i| f16::from_f32(i as f32)).collect();
    let buffer = gpu.upload_elements(&halves)?;
    for (start, length) in [(0, 41), (1, 1), (1, 8), (2, 3), (3, 0), (40, 1)] {
        let view = View::elements::<f16>(&buffer, start as u64, length as u64);
        let found = gpu.download_elements_async::<f16>(view).await?;
        hold(found == halves[start..start + length], || {
            format!("{length} halves from {start} on")
        })?;
    }
    let past = gpu.download_async(View::elements::<f32>(&buffer, 20, 2)).await;
    hold(matches!(past, Err(Error::OutOfBounds { .. })), || format!("{past:?}"))
}
