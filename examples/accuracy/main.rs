//! Prints the maximum and mean error of every activation and its gradient over the whole range of f32, in ulp of the
//! true value: of this crate on an adapter, or of another library's results in files.
//!
//! ```sh
//! cargo xtask accuracy                   # every 509th float, a minute or two
//! cargo xtask accuracy --stride 17       # denser
//! cargo xtask accuracy gelu elu          # some of them
//! cargo xtask accuracy --outputs FOLDER  # NAME.forward.f32 and NAME.gradient.f32, as
//!                                        # scripts/pytorch_outputs.py writes them
//! ```

mod files;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use files::Outputs;
use wgpu_relu::reference::Errors;
use wgpu_relu::{Activation, Gpu, GpuRelu, reference};

/// An error of any kind. It is printed, and ends the program.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Elements that are handled at once.
const CHUNK: usize = 1 << 22;

/// Prints the error of every activation and its gradient over the whole range of f32.
#[derive(Parser)]
struct Arguments {
    /// The activations; by default all, with their default parameters
    activations: Vec<Activation>,
    /// Take every N-th f32
    #[arg(long, default_value_t = 509, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
    /// Grade the files of this folder instead of this crate
    #[arg(long, value_name = "FOLDER")]
    outputs: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
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

/// Whether every activation of this crate held its bound.
fn run(arguments: Arguments) -> Outcome<bool> {
    let mut activations = arguments.activations;
    if activations.is_empty() {
        activations = Activation::ALL.to_vec();
    }
    let subject = match arguments.outputs {
        Some(folder) => Subject::Files(folder),
        None => Subject::Device(Gpu::new()?),
    };
    println!("# {}\n", subject.title()?);
    println!("| activation | forward: max ulp | mean | at x | gradient: max ulp | mean | at x |");
    println!("|---|---|---|---|---|---|---|");
    let mut all_hold = true;
    for activation in activations {
        let [forward, gradient] = subject.errors(activation, arguments.stride)?;
        let holds = matches!(subject, Subject::Files(_))
            || forward.within(activation.value_tolerance())
                && gradient.within(activation.gradient_tolerance());
        all_hold &= holds;
        let mark = if holds { "" } else { " beyond the bound" };
        println!("| {activation} | {} | {} |{mark}", cells(&forward), cells(&gradient));
    }
    Ok(all_hold)
}

/// The results to grade.
enum Subject {
    /// The results of this crate on a device.
    Device(Gpu),
    /// The results in a folder.
    Files(PathBuf),
}

impl Subject {
    fn title(&self) -> Outcome<String> {
        match self {
            Subject::Device(gpu) => {
                let info = gpu.adapter_info();
                Ok(format!("{} ({:?}, {})", info.name, info.backend, info.driver_info))
            }
            Subject::Files(folder) => files::title(folder),
        }
    }

    /// Errors of the value and of the derivative.
    fn errors(&self, activation: Activation, stride: u32) -> Outcome<[Errors; 2]> {
        let inputs = (0..=u32::MAX).step_by(stride as usize);
        match self {
            Subject::Device(gpu) => {
                let operator = GpuRelu::with_activation(gpu, activation)?;
                grade(activation, inputs, |x| {
                    let (x_buffer, dy_buffer) = (gpu.upload(x)?, gpu.upload(&vec![1.0; x.len()])?);
                    let y = gpu.download(&operator.apply(&x_buffer)?)?;
                    operator.gradient_into(&x_buffer, &dy_buffer, &dy_buffer)?;
                    Ok([y, gpu.download(&dy_buffer)?])
                })
            }
            Subject::Files(folder) => {
                let count = u64::from(u32::MAX / stride) + 1;
                let mut outputs = Outputs::open(folder, activation.name(), count)?;
                grade(activation, inputs, |x| outputs.next(x.len()))
            }
        }
    }
}

/// The errors of values and gradients (for a dy of 1), added piece by piece.
fn grade(
    activation: Activation,
    inputs: impl Iterator<Item = u32>,
    mut results: impl FnMut(&[f32]) -> Outcome<[Vec<f32>; 2]>,
) -> Outcome<[Errors; 2]> {
    let mut errors = [Errors::default(), Errors::default()];
    let mut inputs = inputs.map(f32::from_bits);
    loop {
        let x: Vec<f32> = inputs.by_ref().take(CHUNK).collect();
        if x.is_empty() {
            return Ok(errors);
        }
        let [y, dx] = results(&x)?;
        for (&x, y) in x.iter().zip(y) {
            errors[0].add(x, reference::value_ulp_error(activation, x, y));
        }
        for (&x, dx) in x.iter().zip(dx) {
            errors[1].add(x, reference::gradient_ulp_error(activation, x, 1.0, dx));
        }
    }
}

/// A row's cells.
fn cells(errors: &Errors) -> String {
    if errors.count == 0 {
        return "– | – | –".to_owned();
    }
    if errors.worst == 0.0 {
        return "0 | 0 | –".to_owned();
    }
    format!("{:.2} | {:.4} | {:e}", errors.worst, errors.mean(), errors.at)
}
