//! Initial weights: the device makes the same numbers as the CPU, to the bit.

use wgpu_relu::half::f16;
use wgpu_relu::{Activation, Draw, Element, Init, View};

use crate::device::Device;
use crate::{Outcome, bits, hold};

const DRAW: Draw = Draw { seed: 0x1234_5678_9abc_def0, offset: 3 };

/// Every distribution, from any element on; a hundred thousand normal numbers; 16-bit floats, which are the same
/// numbers, rounded.
pub(crate) async fn every_distribution(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let inits = [
        Init::Constant(-0.5),
        Init::Uniform { low: -0.3, high: 0.4 },
        Init::Normal { mean: 0.1, std: 0.7 },
        Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 },
        Init::XavierUniform { gain: 1.0 },
        Init::XavierNormal { gain: 2.0 },
        Init::he(Activation::Relu),
        Init::LecunNormal,
    ];
    for init in inits {
        for (start, shape) in [(0u64, [1usize, 1]), (1, [3, 37]), (4, [320, 320])] {
            let length = shape.iter().product::<usize>();
            let mut expected = vec![0.0; length];
            init.fill_drawn(&mut expected, &shape, DRAW)?;
            let buffer = gpu.upload(&vec![7.5; length + 8])?;
            gpu.fill(View::elements::<f32>(&buffer, start, length as u64), init, &shape, DRAW)?;
            let found = gpu.download_async(&buffer).await?;
            let range = start as usize..start as usize + length;
            hold(bits(&found[range.clone()]) == bits(&expected), || format!("{init:?} {shape:?}"))?;
            let mut beside = found[..range.start].iter().chain(&found[range.end..]);
            hold(beside.all(|&x| x == 7.5), || format!("{init:?} wrote beside its range"))?;

            let halves = gpu.upload_elements(&vec![f16::ZERO; length])?;
            let view = View::elements::<f16>(&halves, 0, length as u64);
            gpu.fill_elements::<f16>(view, init, &shape, DRAW)?;
            let found = gpu.download_elements_async::<f16>(view).await?;
            let expected: Vec<f16> = expected.into_iter().map(Element::from_f32).collect();
            hold(found == expected, || format!("{init:?} {shape:?} in halves"))?;
        }
    }
    Ok(())
}
