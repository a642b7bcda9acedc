//! A network with one hidden layer learns XOR: forward, gradient of the loss, backward, update.
//!
//! The GPU does all of it except the matrix products. Those are tiny here, so the host does them.
//!
//! ```sh
//! cargo run --example train_step
//! ```

use wgpu_relu::{Activation, Channels, Fusion, Gpu};

const UNITS: usize = 8;
const RATE: f32 = 0.2;
const X: [f32; 8] = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]; // 4 samples of 2 numbers
const TARGETS: [f32; 4] = [0.0, 1.0, 1.0, 0.0];

fn main() -> wgpu_relu::Result<()> {
    let gpu = Gpu::new()?;
    let gelu = Activation::Gelu.on(&gpu)?;
    let identity = Activation::LeakyRelu { negative_slope: 1.0 }.on(&gpu)?;
    // w -= RATE · dw: leaky ReLU has the derivative -RATE at 0, and its gradient is added to w.
    let update = Activation::LeakyRelu { negative_slope: -RATE }.on(&gpu)?.accumulating();

    let start = |length: usize| (0..length).map(|i| (1.7 * i as f32 + 1.0).sin());
    let w1 = gpu.upload(&start(2 * UNITS).collect::<Vec<_>>())?; // 2 rows of UNITS
    let w2 = gpu.upload(&start(UNITS).collect::<Vec<_>>())?; // UNITS rows of 1
    let bias = gpu.zeros::<f32>(UNITS as u64)?;
    let minus_targets = gpu.upload(&TARGETS.map(|target| -target))?;

    let mut outputs = Vec::new();
    for step in 0..=100 {
        // Forward: hidden = gelu(x w1 + bias), outputs = hidden w2.
        let z = gpu.upload(&product(&X, &gpu.download(&w1)?, 2))?;
        let with_bias = Fusion::new().channel_bias(&bias, Channels::last(UNITS as u32));
        let hidden = gpu.download(&gelu.apply_fused(&z, with_bias)?)?;
        let w2_now = gpu.download(&w2)?;
        outputs = product(&hidden, &w2_now, UNITS);

        // The loss is half the sum of (output - target)². Its gradient is output - target.
        let residual = Fusion::new().residual(&minus_targets);
        let error = gpu.download(&identity.apply_fused(&gpu.upload(&outputs)?, residual)?)?;
        if step % 20 == 0 {
            let loss: f32 = error.iter().map(|e| 0.5 * e * e).sum();
            println!("step {step:3}: loss {loss:.6}");
        }

        // Backward.
        let dw2 = product(&transposed(&hidden, UNITS), &error, 4);
        let dhidden = gpu.upload(&product(&error, &w2_now, 1))?;
        let dz = gpu.download(&gelu.fused_gradient(&z, &dhidden, with_bias)?)?;
        let dw1 = product(&transposed(&X, 2), &dz, 4);
        let dbias = product(&[1.0; 4], &dz, 4);

        for (weights, gradient) in [(&w1, dw1), (&w2, dw2), (&bias, dbias)] {
            let at = gpu.zeros::<f32>(gradient.len() as u64)?;
            update.gradient_into(&at, &gpu.upload(&gradient)?, weights)?;
        }
    }
    println!("targets {TARGETS:?}, outputs {outputs:.3?}");
    assert!(outputs.iter().zip(TARGETS).all(|(output, target)| (output - target).abs() < 0.05));
    Ok(())
}

/// The product of two matrices in row order. `inner` is the length of a row of `a` and of a column of `b`.
fn product(a: &[f32], b: &[f32], inner: usize) -> Vec<f32> {
    let columns = b.len() / inner;
    let dot = |row: &[f32], column: usize| {
        row.iter().zip(b[column..].iter().step_by(columns)).map(|(a, b)| a * b).sum()
    };
    a.chunks(inner).flat_map(|row| (0..columns).map(move |column| dot(row, column))).collect()
}

fn transposed(a: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| a[column..].iter().step_by(columns).copied()).collect()
}

#[test]
fn xor_is_learnt() -> wgpu_relu::Result<()> {
    main()
}
