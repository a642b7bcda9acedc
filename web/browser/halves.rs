//! Elements of 16-bit floats.

use testkit::layout::Layout;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Element, GpuRelu};

use crate::Outcome;
use crate::device::Device;
use crate::operators::in_layout;

/// From and to every type.
pub(crate) async fn every_type(device: &Device) -> Outcome {
    of_types::<f16, f16>(device).await?;
    of_types::<bf16, bf16>(device).await?;
    of_types::<f32, f16>(device).await?;
    of_types::<bf16, f32>(device).await
}

async fn of_types<X: Element, Y: Element>(device: &Device) -> Outcome {
    for (index, &activation) in Activation::ALL.iter().enumerate() {
        let operator = GpuRelu::with_activation(&device.gpu, activation)?
            .with_element(X::TYPE)
            .with_output_element(Y::TYPE);
        // Operands of different types must be in different buffers.
        let layouts = if X::TYPE == Y::TYPE { Layout::ALL } else { &Layout::ALL[..3] };
        let every = activation == Activation::Relu;
        for (at, &layout) in layouts.iter().enumerate() {
            if every || at == index % layouts.len() {
                in_layout::<X, Y>(device, activation, &operator, 2050, layout).await?;
            }
        }
    }
    Ok(())
}
