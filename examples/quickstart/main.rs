//! A dense layer over real data, with its activation and gradient on the GPU, checked and timed.
//!
//! ```sh
//! cargo xtask demo
//! cargo run --example quickstart -- --activation "elu(alpha=0.5)" your_data.npy
//! ```

mod dense;
mod npy;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rand::SeedableRng;
use rand::rngs::StdRng;
use wgpu_relu::reference::Errors;
use wgpu_relu::{Activation, Gpu, Tolerance, reference};

/// The data set the repository ships; data/README.md says where it comes from.
const DIGITS: &[u8] = include_bytes!("../../data/digits.npy");

/// Puts a dense layer's pre-activations (He-initialised weights) through an activation and its gradient on the GPU,
/// checks them against the CPU reference, and times them beside a plain copy.
#[derive(Parser)]
struct Arguments {
    /// A .npy array of numbers, one sample per row, which is brought to mean 0 and variance 1; by default 1,797
    /// handwritten digits
    file: Option<PathBuf>,
    /// The activation, with or without parameters: relu, "elu(alpha=0.5)"
    #[arg(long, short, default_value = "relu")]
    activation: String,
    /// Units of the dense layer
    #[arg(long, short, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    units: u32,
    /// Seed of the weights
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    let activation: Activation = arguments.activation.parse()?;
    let (source, data) = match &arguments.file {
        None => ("handwritten digits".to_owned(), npy::Matrix::read(DIGITS)?),
        Some(path) => {
            let named = |error| format!("{}: {error}", path.display());
            (path.display().to_string(), npy::Matrix::open(path).map_err(named)?)
        }
    };
    let units = arguments.units as usize;
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let x = dense::pre_activations(&data, units, &mut random)?;
    let dy = dense::normal(x.len(), 1.0, &mut random)?;

    let gpu = Gpu::new()?;
    let operator = activation.on(&gpu)?;
    let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
    let y_buffer = operator.apply(&x_buffer)?;
    let dx_buffer = operator.gradient(&x_buffer, &dy_buffer)?;
    let (y, dx) = (gpu.download(&y_buffer)?, gpu.download(&dx_buffer)?);

    let info = gpu.adapter_info();
    println!("adapter     {} ({:?}, {:?})", info.name, info.backend, info.device_type);
    let finite = data.values.iter().filter(|value| value.is_finite()).count();
    let lost = match data.values.len() - finite {
        0 => String::new(),
        count => format!("; {} not finite in f32", grouped(count)),
    };
    println!("data        {source}, {} x {}, standardised{lost}", data.rows, data.columns);
    println!("layer       {} -> {units}, He-initialised, then {activation}", data.columns);
    println!("elements    {} x {units} = {}", data.rows, grouped(x.len()));
    println!("zeros       forward   {}", zeros(&y));
    println!("            gradient  {}", zeros(&dx));

    let forward = errors(&x, |i| reference::value_ulp_error(activation, x[i], y[i]));
    let gradient = errors(&x, |i| reference::gradient_ulp_error(activation, x[i], dy[i], dx[i]));
    println!("errors      forward   {}", describe(&forward));
    println!("            gradient  {}", describe(&gradient));

    let bytes = 4 * x.len() as u64;
    let copy = timing::copy(&gpu, &x_buffer, &y_buffer)?;
    println!("speed       copy      {}", timing::Report::new(copy, 2 * bytes));
    for (name, step, moved) in [
        ("forward", operator.prepare(&x_buffer, &y_buffer)?, 2 * bytes),
        ("gradient", operator.prepare_gradient(&x_buffer, &dy_buffer, &dx_buffer)?, 3 * bytes),
    ] {
        let seconds = timing::operation(&gpu, &step)?;
        let report = timing::Report::new(seconds, moved);
        let share =
            report.bytes_per_second() / timing::Report::new(copy, 2 * bytes).bytes_per_second();
        println!("            {name:<9} {report}, {share:.2} of the copy's rate");
    }

    check(&forward, activation.value_tolerance(), "forward")?;
    check(&gradient, activation.gradient_tolerance(), "gradient")
}

fn errors(x: &[f32], ulp_error: impl Fn(usize) -> f64) -> Errors {
    let mut errors = Errors::default();
    for (i, &x) in x.iter().enumerate() {
        errors.add(x, ulp_error(i));
    }
    errors
}

fn check(errors: &Errors, tolerance: Tolerance, name: &str) -> Outcome<()> {
    if errors.within(tolerance) {
        return Ok(());
    }
    Err(format!(
        "{name} is {:.2} ulp off at x = {:e}, beyond the bound of {} ulp; please report this adapter",
        errors.worst,
        errors.at,
        tolerance.ulp()
    )
    .into())
}

fn describe(errors: &Errors) -> String {
    let elements = grouped(errors.count as usize);
    if errors.differing == 0 {
        return format!("none: all {elements} are the reference, correctly rounded");
    }
    let share = 100.0 * errors.differing as f64 / errors.count as f64;
    format!(
        "{:.2} ulp at most (at x = {:e}); {share:.1} % of {elements} are not correctly rounded",
        errors.worst, errors.at
    )
}

fn zeros(values: &[f32]) -> String {
    let zeros = values.iter().filter(|&&value| value == 0.0).count();
    format!("{:.1} %", 100.0 * zeros as f64 / values.len() as f64)
}

/// 1234567 as 1,234,567.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
