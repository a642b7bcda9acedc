//! `wgpu-relu bench`.

mod measure;
mod plot;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use testkit::stopwatch;
use wgpu_relu::Activation;

use crate::Outcome;
use crate::activation::ActivationParser;
use crate::adapter::{Choice, Name};
use crate::output::{Destination, Output};
use report::Report;

/// The activations that are measured by default.
const USUAL: &str = "relu leaky_relu elu gelu silu softplus";

/// Measure bytes per second, beside a plain copy of the same buffers
///
/// Times each activation forward, in place and backward, in rounds that alternate with the copy, and prints medians.
/// Times are by the host's clock and, where the device has timestamps, also by these.
/// Every result is compared with the CPU reference after it was timed.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  wgpu-relu bench\n  wgpu-relu bench gelu \"elu(alpha=0.5)\" --elements \
                  1Mi,16Mi --json rates.json\n  wgpu-relu bench --all --plot rates.png"
)]
pub(crate) struct Arguments {
    /// The activations; by default relu, leaky_relu, elu, gelu, silu and softplus
    #[arg(value_name = "ACTIVATION", value_parser = ActivationParser)]
    activations: Vec<Activation>,
    /// All activations (takes minutes)
    #[arg(long, conflicts_with = "activations")]
    all: bool,
    /// Time `apply` as well, which makes a new buffer for each result, or takes one that was handed back
    #[arg(long)]
    new_buffers: bool,
    /// Elements per operand: 4096, 4Ki, 1Mi; several with commas
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        value_parser = testkit::bench::elements,
        default_value = "4Ki,16Ki,64Ki,256Ki,1Mi,4Mi,16Mi"
    )]
    elements: Vec<usize>,
    /// Rounds; the result is their median
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Write the rates to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the rates to this file as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw the rates over the sizes into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

pub(crate) fn run(
    choice: &Choice,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let activations = match (&*arguments.activations, arguments.all) {
        (_, true) => Activation::ALL.to_vec(),
        ([], false) => USUAL.split(' ').map(str::parse).collect::<Result<_, _>>()?,
        (named, false) => named.to_vec(),
    };
    let mut elements = arguments.elements.clone();
    elements.sort_unstable();
    elements.dedup();
    // A file that cannot be written must be found before minutes of measuring.
    let picture = arguments.plot.as_deref().map(plot::Format::of).transpose()?;
    let start = |path: &Option<PathBuf>| -> Outcome<Option<Output>> {
        path.as_deref().map(|path| Destination::file(path, true)?.start()).transpose()
    };
    let files =
        (start(&arguments.json)?, start(&arguments.csv)?, start(&arguments.plot)?.zip(picture));

    let gpu = stopwatch::open(&choice.options())?;
    let name = Name::from(&gpu.adapter_info());
    writeln!(out, "{name}")?;
    out.flush()?;
    let rates =
        measure::all(&gpu, &activations, arguments.new_buffers, &elements, arguments.rounds)?;
    let report = Report::new(name, arguments.rounds, rates);
    write!(out, "{}", report.table())?;
    let (json, csv, plot) = files;
    if let Some(mut file) = json {
        file.write_all(report.json()?.as_bytes())?;
        file.finish()?;
    }
    if let Some(mut file) = csv {
        file.write_all(report.csv().as_bytes())?;
        file.finish()?;
    }
    if let Some((mut file, format)) = plot {
        file.write_all(&plot::draw(&report, format)?)?;
        file.finish()?;
    }
    Ok(ExitCode::SUCCESS)
}
