//! `wgpu-relu apply`.

mod engine;
mod jobs;
mod npy;
mod safetensors;
mod source;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use wgpu_relu::Activation;

use crate::activation::ActivationParser;
use crate::adapter::Choice;
use crate::output::Destination;
use crate::{Outcome, messages};
use engine::Engine;
use jobs::{Format, Job};
use source::Input;

/// Apply an activation, or its gradient, to .npy or .safetensors files
///
/// Files of any size pass through the GPU in pieces. OUT appears under its name only when it is complete. If OUT is a
/// folder, the results of all files have their names in it. The name - is the standard input or output.
///
/// .npy: an array of numbers, in C or Fortran order, either byte order; the result has the same shape and order. It is
/// float16 for float16, and float32 for all other types.
///
/// .safetensors: every F32, F16 and BF16 tensor, or the tensors that --tensor names. All others are copied unchanged.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  wgpu-relu apply --activation gelu x.npy y.npy\n  wgpu-relu apply -a \
                  \"elu(alpha=0.5)\" --gradient dy.npy x.npy dx.npy\n  wgpu-relu apply -a silu --tensor \
                  h.0 --tensor h.1 in.safetensors out.safetensors\n  wgpu-relu apply -a relu a.npy b.npy \
                  c.safetensors results/\n  wgpu-relu apply -a mish - - < x.npy > y.npy"
)]
pub(crate) struct Arguments {
    /// The activation, with or without parameters: relu, "elu(alpha=0.5)"
    #[arg(long, short, value_parser = ActivationParser)]
    activation: Activation,
    /// Give the gradient dL/dx instead: IN is x, DY is dL/dy, of the same shape; or a folder with such files, named as
    /// those of x
    #[arg(long, value_name = "DY")]
    gradient: Option<PathBuf>,
    /// In a .safetensors file, only this tensor; may be given several times
    #[arg(long, value_name = "NAME")]
    tensor: Vec<String>,
    /// In a .npy file, 16-bit integers and V2 are the bits of bf16, which NumPy does not have; so are the results
    #[arg(long)]
    bf16: bool,
    /// Replace OUT if it is there already
    #[arg(long)]
    force: bool,
    /// The files to read, of one kind or of several
    #[arg(value_name = "IN", required = true)]
    inputs: Vec<PathBuf>,
    /// The file to write, of the same kind, or a folder for the results
    #[arg(value_name = "OUT", required = true)]
    output: PathBuf,
}

/// What a file's result needs.
struct Task<'t, 'c> {
    arguments: &'t Arguments,
    destination: Destination,
    engine: &'t mut Engine<'c>,
}

/// The result, for the last line of output.
struct Summary {
    elements: u64,
    /// Further remarks.
    remark: String,
}

pub(crate) fn run(
    choice: &Choice,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let jobs = jobs::of(arguments)?;
    let mut engine = Engine::new(choice, arguments.activation);
    let alone = jobs.len() == 1;
    let mut code = ExitCode::SUCCESS;
    for job in jobs {
        let to_stdout = matches!(job.destination, Destination::Stdout);
        match apply(job, arguments, &mut engine) {
            Ok(line) if to_stdout => messages::note(&line),
            Ok(line) => {
                writeln!(out, "{line}")?;
                out.flush()?;
            }
            Err(error) if alone || engine.has_failed() => return Err(error),
            // The other files may be good.
            Err(error) => {
                messages::error(&error);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Makes one result, and describes it in a line.
fn apply(job: Job, arguments: &Arguments, engine: &mut Engine<'_>) -> Outcome<String> {
    let Job { x, dy, format, destination } = job;
    let start = Instant::now();
    let place = destination.to_string();
    // Errors in the files are reported before a device is opened.
    let mut x = Input::open(&x)?;
    let format = match format {
        Some(format) => format,
        None => Format::of_bytes(x.first_bytes()?),
    };
    let dy = dy.as_ref().map(Input::open).transpose()?;
    let task = Task { arguments, destination, engine: &mut *engine };
    let Summary { elements, remark } = match format {
        Format::Npy if !arguments.tensor.is_empty() => {
            return Err("--tensor is for .safetensors files; a .npy file has one array".into());
        }
        Format::Npy => npy::apply(x, dy, task)?,
        Format::Safetensors if arguments.bf16 => {
            return Err("--bf16 is for .npy files; a .safetensors file tells its types".into());
        }
        Format::Safetensors => safetensors::apply(x, dy, task)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let what = if arguments.gradient.is_some() { "gradient of " } else { "" };
    Ok(format!(
        "{place}: {what}{} of {elements} elements in {seconds:.2} s{}{remark}",
        arguments.activation,
        engine.adapter().map_or(String::new(), |name| format!(", on {name}")),
    ))
}
