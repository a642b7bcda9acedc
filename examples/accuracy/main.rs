//! The maximum and mean error of every activation and its gradient over the whole range of f32, in ulp
//! of the true value, on the adapter at hand.
//!
//! ```sh
//! cargo xtask accuracy                # every 509th float, a minute or two
//! cargo xtask accuracy --stride 17    # denser
//! cargo xtask accuracy gelu elu       # some of them
//! ```

use std::process::ExitCode;

use clap::Parser;
use wgpu_relu::reference::Errors;
use wgpu_relu::{Activation, Gpu, GpuRelu, Result, reference};

/// Elements that go to the device at once.
const CHUNK: usize = 1 << 22;

/// The error of every activation and its gradient over the whole range of f32.
#[derive(Parser)]
struct Arguments {
    /// The activations; all, with their defaults, if none is given
    activations: Vec<String>,
    /// Every how manieth f32
    #[arg(long, default_value_t = 509, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: beyond the bound on this adapter, see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every activation held its bound.
fn run(arguments: &Arguments) -> Result<bool> {
    let mut activations = Vec::new();
    for name in &arguments.activations {
        activations.push(name.parse::<Activation>()?);
    }
    if activations.is_empty() {
        activations = Activation::ALL.to_vec();
    }
    let gpu = Gpu::new()?;
    let info = gpu.adapter_info();
    println!("# {} ({:?}, {})\n", info.name, info.backend, info.driver_info);
    println!("| activation | forward: max ulp | mean | at x | gradient: max ulp | mean | at x |");
    println!("|---|---|---|---|---|---|---|");
    let mut all_hold = true;
    for activation in activations {
        let [forward, gradient] = errors(&gpu, activation, arguments.stride)?;
        let holds = forward.within(activation.value_tolerance())
            && gradient.within(activation.gradient_tolerance());
        all_hold &= holds;
        let mark = if holds { "" } else { " beyond the bound" };
        println!("| {activation} | {} | {} |{mark}", cells(&forward), cells(&gradient));
    }
    Ok(all_hold)
}

/// Errors of the value and of the derivative.
fn errors(gpu: &Gpu, activation: Activation, stride: u32) -> Result<[Errors; 2]> {
    let operator = GpuRelu::with_activation(gpu, activation)?;
    let mut errors = [Errors::default(), Errors::default()];
    let mut inputs = (0..=u32::MAX).step_by(stride as usize).map(f32::from_bits);
    loop {
        let x: Vec<f32> = inputs.by_ref().take(CHUNK).collect();
        if x.is_empty() {
            return Ok(errors);
        }
        let dy = vec![1.0f32; x.len()];
        let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
        let y = gpu.download(&operator.apply(&x_buffer)?)?;
        operator.gradient_into(&x_buffer, &dy_buffer, &dy_buffer)?;
        let dx = gpu.download(&dy_buffer)?;
        for ((&x, y), dx) in x.iter().zip(y).zip(dx) {
            errors[0].add(x, reference::value_ulp_error(activation, x, y));
            errors[1].add(x, reference::gradient_ulp_error(activation, x, 1.0, dx));
        }
    }
}

/// A row's cells.
fn cells(errors: &Errors) -> String {
    if errors.worst == 0.0 {
        return "0 | 0 | –".to_owned();
    }
    format!("{:.2} | {:.4} | {:e}", errors.worst, errors.mean(), errors.at)
}
