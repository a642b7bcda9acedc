//! Gated units.

use testkit::inputs::random_words;
use wgpu_relu::{Activation, Channels, GpuGlu, reference};

use crate::device::Device;
use crate::{Outcome, bits, hold};

/// Two buffers, and halves of one; value and both gradients.
pub(crate) async fn units(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    let units = [
        ("glu", GpuGlu::glu(gpu)),
        ("reglu", GpuGlu::reglu(gpu)),
        ("geglu", GpuGlu::geglu(gpu)),
        ("geglu_tanh", GpuGlu::geglu_tanh(gpu)),
        ("swiglu", GpuGlu::swiglu(gpu)),
        ("bilinear", GpuGlu::bilinear(gpu)),
        ("mish", GpuGlu::with_activation(gpu, Activation::Mish)?),
    ];
    let mut random = random_words(3);
    let mut numbers = |length: usize| -> Vec<f32> {
        (0..length).map(|_| random() as i32 as f32 / (1 << 28) as f32).collect()
    };
    let (rows, half) = (9, 111);
    let length = rows * half;
    let (a, b, dy) = (numbers(length), numbers(length), numbers(length));
    let [a_buffer, b_buffer, dy_buffer] = [&a, &b, &dy].map(|values| gpu.upload(values));
    let (a_buffer, b_buffer, dy_buffer) = (a_buffer?, b_buffer?, dy_buffer?);
    // The same in halves of rows.
    let in_rows = |a: &[f32], b: &[f32]| -> Vec<f32> {
        a.chunks(half).zip(b.chunks(half)).flat_map(|(a, b)| [a, b].concat()).collect()
    };
    let joined = gpu.upload(&in_rows(&a, &b))?;
    for (name, unit) in units {
        let y = gpu.download_async(&unit.apply(&a_buffer, &b_buffer)?).await?;
        let (da, db) = unit.gradient(&a_buffer, &b_buffer, &dy_buffer)?;
        let (da, db) = (gpu.download_async(&da).await?, gpu.download_async(&db).await?);
        for i in 0..length {
            let (f, slope) = match unit.activation() {
                None => (f64::from(b[i]), 1.0),
                Some(f) => (reference::value(f, b[i]), reference::derivative(f, b[i])),
            };
            let [a, dy] = [a[i], dy[i]].map(f64::from);
            near(y[i], a * f, 0.0).map_err(|error| format!("{name}: y {i}, {error}"))?;
            near(da[i], dy * f, 0.0).map_err(|error| format!("{name}: da {i}, {error}"))?;
            near(db[i], dy * a * slope, dy * a)
                .map_err(|error| format!("{name}: db {i}, {error}"))?;
        }
        let axis = Channels::last(2 * half as u32);
        let split = gpu.download_async(&unit.apply_split(&joined, axis)?).await?;
        hold(bits(&split) == bits(&y), || format!("{name}: halves of one buffer"))?;
        let split = unit.gradient_split(&joined, &dy_buffer, axis)?;
        let split = gpu.download_async(&split).await?;
        hold(bits(&split) == bits(&in_rows(&da, &db)), || format!("{name}: their gradient"))?;
    }
    Ok(())
}

/// Within the activation's own bound and the products' roundings; the bound of a derivative is that of its terms.
fn near(got: f32, exact: f64, terms: f64) -> Result<(), String> {
    let epsilon = f64::from(f32::EPSILON);
    let bound = exact.abs() * 6.5 * epsilon + 1e-12 + 4.0 * epsilon * terms.abs();
    if (f64::from(got) - exact).abs() <= bound {
        Ok(())
    } else {
        Err(format!("{got}, not {exact}"))
    }
}
