//! `wgpu-relu apply`.

mod engine;
mod npy;
mod safetensors;
mod source;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wgpu_relu::{Activation, GpuRelu};

use crate::adapter::{Choice, Name};
use crate::{Outcome, progress};
use engine::Engine;

/// Apply an activation, or its gradient, to a .npy or .safetensors file
///
/// Files of any size pass through the GPU in pieces. OUT appears under its name only when it is complete.
///
/// .npy: an array of numbers, in C or Fortran order, either byte order; the result is float32 of the same
/// shape and order.
///
/// .safetensors: every F32 tensor, or the tensors that --tensor names. All others are copied unchanged.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  wgpu-relu apply --activation gelu x.npy y.npy\n  wgpu-relu apply -a \
                  \"elu(alpha=0.5)\" --gradient dy.npy x.npy dx.npy\n  wgpu-relu apply -a silu --tensor \
                  h.0 --tensor h.1 in.safetensors out.safetensors"
)]
pub(crate) struct Arguments {
    /// The activation, with or without parameters: relu, "elu(alpha=0.5)"
    #[arg(long, short)]
    activation: Activation,
    /// Give the gradient dL/dx instead: IN is x, DY is dL/dy, of the same shape
    #[arg(long, value_name = "DY")]
    gradient: Option<PathBuf>,
    /// In a .safetensors file, only this tensor; may be given several times
    #[arg(long, value_name = "NAME")]
    tensor: Vec<String>,
    /// Replace OUT if it is there already
    #[arg(long)]
    force: bool,
    /// The file to read
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, of the same kind
    #[arg(value_name = "OUT")]
    output: PathBuf,
}

/// The result, for the last line of output.
struct Summary {
    elements: u64,
    /// Further remarks.
    remark: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Npy,
    Safetensors,
}

impl Format {
    fn of(path: &Path) -> Outcome<Self> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("npy") => Ok(Format::Npy),
            Some("safetensors") => Ok(Format::Safetensors),
            _ => Err(format!(
                "{}: its name ends neither in .npy nor in .safetensors",
                path.display()
            )
            .into()),
        }
    }
}

pub(crate) fn run(
    choice: &Choice,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let format = Format::of(&arguments.input)?;
    for other in [Some(&arguments.output), arguments.gradient.as_ref()].into_iter().flatten() {
        if Format::of(other)? != format {
            let (input, other) = (arguments.input.display(), other.display());
            return Err(
                format!("{input} and {other} are of different kinds; name both alike").into()
            );
        }
    }
    if format == Format::Npy && !arguments.tensor.is_empty() {
        return Err("--tensor is for .safetensors files; a .npy file has one array".into());
    }
    progress::catch_interrupts();
    let start = Instant::now();
    let mut adapter = None;
    // Errors in the files are reported before a device is opened.
    let open = || -> Outcome<Engine> {
        let gpu = choice.open()?;
        adapter = Some(Name::from(&gpu.adapter_info()));
        Ok(Engine::new(&GpuRelu::with_activation(&gpu, arguments.activation)?))
    };
    let Summary { elements, remark } = match format {
        Format::Npy => npy::apply(arguments, open)?,
        Format::Safetensors => safetensors::apply(arguments, open)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let what = if arguments.gradient.is_some() { "gradient of " } else { "" };
    writeln!(
        out,
        "{}: {what}{} of {elements} elements in {seconds:.2} s{}{remark}",
        arguments.output.display(),
        arguments.activation,
        adapter.map_or(String::new(), |name| format!(", on {name}")),
    )?;
    Ok(ExitCode::SUCCESS)
}
