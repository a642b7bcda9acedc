//! The results of every activation over a stride of all f32 have the checksums that they have on other devices.

use testkit::checksums;
use wgpu_relu::GpuRelu;

use crate::Outcome;
use crate::device::Device;

pub(crate) async fn as_recorded(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let (x, dy) = (gpu.upload(&checksums::x())?, gpu.upload(&checksums::dy())?);
    let mut differing = Vec::new();
    for activation in checksums::activations() {
        let operator = GpuRelu::with_activation(gpu, activation)?;
        let values = gpu.download_async(&operator.apply(&x)?).await?;
        let gradients = gpu.download_async(&operator.gradient(&x, &dy)?).await?;
        differing.extend(checksums::compare(activation, &values, &gradients).err());
    }
    if differing.is_empty() { Ok(()) } else { Err(differing.join("\n").into()) }
}
