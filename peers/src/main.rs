//! Measures wgpu-relu beside others: the same operations on the same data by Burn, by kernels written by hand, and as
//! plain copies, in one run on one device.
//!
//! ```sh
//! cargo xtask peers                               # 1 Mi and 16 Mi elements, a few minutes
//! cargo xtask peers --elements 4Ki 64Mi --activations gelu silu
//! cargo xtask peers outputs FOLDER                # Burn's results, as files of f32
//! ```

mod contender;
mod device;
mod host;
mod in_burn;
mod kernels;
mod kinds;
mod operands;
mod outputs;
mod report;
mod rounds;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use wgpu_relu::Activation;

/// An error of any kind. It is printed, and ends the program.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Measure wgpu-relu beside Burn, naive kernels and copies, in one run on one device.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write Burn's results over the range of f32 into files, for `cargo xtask accuracy --outputs`.
    Outputs(Outputs),
}

#[derive(Debug, Args)]
struct Measure {
    /// Numbers of elements, also as 64Ki and 16Mi.
    #[arg(long, num_args = 1.., value_parser = elements, default_values = ["1Mi", "16Mi"])]
    elements: Vec<usize>,
    /// The activations.
    #[arg(long, num_args = 1..,
        default_values = ["relu", "leaky_relu", "gelu", "silu", "elu", "mish"])]
    activations: Vec<Activation>,
    /// Rounds after a first one that warms up. Each round runs every contender once.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Also write the report to benches/results/.
    #[arg(long)]
    write: bool,
    /// Write the times of activations to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Outputs {
    /// Take every N-th of the 2^32 inputs, counted from the bits 0.
    #[arg(long, default_value_t = 509, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
    /// The folder for `<activation>.forward.f32` and `<activation>.gradient.f32`.
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Some(Command::Outputs(Outputs { stride, folder })) => outputs::write(*stride, folder),
        None => measure(&arguments.measure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Measure) -> Outcome<()> {
    let shared = device::open()?;
    let mut report = report::Report::new(&shared.gpu.adapter_info(), options.rounds);
    println!("{}", report.head());
    for &elements in &options.elements {
        let operands = operands::Operands::new(&shared, elements)?;
        let contenders = contender::all(&operands, &options.activations)?;
        report.add(elements, rounds::run(contenders, options.rounds)?);
        println!("{}", report.last());
        // After each size: who ends this early has the sizes so far.
        if let Some(path) = &options.json {
            report.write_json(path)?;
        }
    }
    for &elements in options.elements.iter().filter(|n| kinds::takes(**n)) {
        report.add_kinds(elements, &kinds::measure(&shared, elements, options.rounds)?);
        println!("{}", report.last());
    }
    report.add_host(host::measure(&shared, options.rounds)?);
    println!("{}", report.tail());
    if options.write {
        report.write()?;
    }
    Ok(())
}

/// Reads `1048576`, `1Mi` or `64Ki`.
fn elements(text: &str) -> Result<usize, String> {
    let (digits, factor) = match text.strip_suffix("Mi") {
        Some(digits) => (digits, 1 << 20),
        None => text.strip_suffix("Ki").map_or((text, 1), |digits| (digits, 1 << 10)),
    };
    let number = digits.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| "expected a number above 0, with Ki or Mi after it if you like".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        let outputs = Arguments::parse_from(["peers", "outputs", "--stride", "7", "there"]);
        assert!(matches!(outputs.command, Some(Command::Outputs(Outputs { stride: 7, .. }))));
        let defaults = Arguments::parse_from(["peers"]).measure;
        assert_eq!(defaults.elements, [1 << 20, 1 << 24]);
        assert_eq!(defaults.activations.len(), 6);
        let json = Arguments::parse_from(["peers", "--elements", "1Mi", "--json", "there"]).measure;
        assert_eq!(json.json.as_deref(), Some(std::path::Path::new("there")));
    }

    #[test]
    fn elements_are_read() {
        assert_eq!(elements("64Ki"), Ok(65_536));
        assert_eq!(elements("17"), Ok(17));
        for wrong in ["", "Mi", "0", "-1", "1Gi", "99999999999999999999Mi"] {
            assert!(elements(wrong).is_err(), "{wrong}");
        }
    }
}
