//! The operator on every activation, against the CPU reference.

use testkit::compare::{self, Worst, special_pairs};
use testkit::inputs::{data, upstream};
use testkit::layout::{Layout, Run, Subject};
use testkit::stored::stored;
use wgpu_relu::{Activation, Element, Gpu, GpuRelu, Result, View};

use crate::device::Device;
use crate::{Outcome, bits, hold};

/// Random elements: more than a workgroup has, and not a multiple of four.
const RANDOM: usize = 10_007;

/// All special values against all special upstream gradients, and for the defaults random ones too: to a new buffer, in
/// place and backward.
pub(crate) async fn examine(device: &Device, activation: Activation) -> Outcome<[Worst; 2]> {
    let (mut x, mut dy) = special_pairs(activation);
    if Activation::ALL.contains(&activation) {
        x.extend(data(activation, RANDOM, 1));
        dy.extend(upstream(RANDOM, 1));
    }
    let gpu = &device.gpu;
    let operator = GpuRelu::with_activation(gpu, activation)?;
    let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
    let y = gpu.download_async(&operator.apply(&x_buffer)?).await?;
    let dx = gpu.download_async(&operator.gradient(&x_buffer, &dy_buffer)?).await?;
    operator.apply_in_place(&x_buffer)?;
    let in_place = gpu.download_async(&x_buffer).await?;
    hold(bits(&in_place) == bits(&y), || "in place it is another result".to_owned())?;
    let value = compare::values(device.flushes, activation, &x, &y)?;
    let gradient = compare::gradients(device.flushes, activation, &x, &dy, &dx)?;
    Ok([value, gradient])
}

/// Forward and gradient of `subject` over random data in a layout.
pub(crate) async fn in_layout<X: Element, Y: Element>(
    device: &Device,
    activation: Activation,
    subject: &dyn Subject,
    length: usize,
    layout: Layout,
) -> Outcome<[Worst; 2]> {
    let describe = |error: String| {
        let (x, y) = (X::TYPE, Y::TYPE);
        format!("{activation}, {length} elements, {x} to {y}, {layout:?}: {error}")
    };
    let seed = length as u64;
    let x: Vec<X> = stored(&data(activation, length, seed), seed);
    let dy: Vec<Y> = stored(&upstream(length, seed), !seed);

    let run = Run::new::<X, Y>(&device.gpu, layout, &x, None)?;
    subject.forward(run.x(), run.out())?;
    let y: Vec<Y> = finish(&device.gpu, &run).await.map_err(describe)?;
    let value = compare::stored_values(device.flushes, activation, &x, &y).map_err(describe)?;

    let run = Run::new(&device.gpu, layout, &x, Some(&dy))?;
    subject.gradient(run.x(), run.dy(), run.out())?;
    let dx: Vec<X> = finish(&device.gpu, &run).await.map_err(describe)?;
    let gradient =
        compare::stored_gradients(device.flushes, activation, &x, &dy, &dx).map_err(describe)?;
    Ok([value, gradient])
}

async fn finish<T: Element>(gpu: &Gpu, run: &Run<'_>) -> std::result::Result<Vec<T>, String> {
    let mut contents = Vec::new();
    for buffer in run.buffers() {
        contents.push(gpu.download_async(buffer).await.map_err(|error| error.to_string())?);
    }
    run.output(&contents)
}

/// Layouts do not depend on the activation. One activation that selects its gradients and one that multiplies go
/// through every layout, and each of the others through one.
pub(crate) async fn every_layout(device: &Device) -> Outcome {
    for (index, &activation) in Activation::ALL.iter().enumerate() {
        let operator = GpuRelu::with_activation(&device.gpu, activation)?;
        let every = matches!(activation, Activation::Relu | Activation::Elu { .. });
        for (at, &layout) in Layout::ALL.iter().enumerate() {
            if every || at == index % Layout::ALL.len() {
                for length in if every { &[1, 5, 1021, 4096][..] } else { &[1021] } {
                    in_layout::<f32, f32>(device, activation, &operator, *length, layout).await?;
                }
            }
        }
    }
    Ok(())
}

/// A wrong operator.
struct Wrong {
    operator: GpuRelu,
    /// The number of elements that it processes too many or too few.
    more: i64,
}

impl Wrong {
    fn view<'a>(&self, view: View<'a>) -> View<'a> {
        let length = (view.size() / 4).saturating_add_signed(self.more);
        View::elements::<f32>(view.buffer(), view.offset() / 4, length)
    }
}

impl Subject for Wrong {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        self.operator.apply_into(self.view(x), self.view(y))
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
        self.operator.gradient_into(self.view(x), self.view(dy), self.view(dx))
    }
}

/// Tests the test: a write beside the output, a missing element and another function must not pass. Returns their
/// number.
pub(crate) async fn refuses_wrong(device: &Device) -> Outcome<usize> {
    let relu = Activation::Relu;
    let cases = [
        ("a write beside the output", relu, 1, "wrote outside"),
        ("a missing element", relu, -1, "expected"),
        ("gelu for gelu_tanh", Activation::Gelu, 0, "expected"),
    ];
    for (what, activation, more, reason) in cases {
        let operator = GpuRelu::with_activation(&device.gpu, activation)?;
        let claimed = if more == 0 { Activation::GeluTanh } else { activation };
        let wrong = Wrong { operator, more };
        for &layout in &Layout::ALL[..2] {
            match in_layout::<f32, f32>(device, claimed, &wrong, 1021, layout).await {
                Err(error) if error.to_string().contains(reason) => {}
                Err(error) => return Err(format!("{what}: refused otherwise: {error}").into()),
                Ok(_) => return Err(format!("{what}: not noticed; the check is blind").into()),
            }
        }
    }
    Ok(cases.len())
}
