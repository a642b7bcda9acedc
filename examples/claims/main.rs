//! Tests claims about activations and initial weights. docs/CLAIMS.md has the results.
//!
//! ```sh
//! cargo run --release --example claims -- gradients   # or accuracy, dead, init, curves, forms, all
//! ```

mod accuracy;
mod curves;
mod dead;
mod forms;
mod gradients;
mod init;
mod plot;
mod setup;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use setup::Setup;
use wgpu_relu::Gpu;

/// Tests claims about activations and initial weights, and plots the results.
#[derive(Parser)]
struct Arguments {
    /// The claim
    claim: Claim,
    /// Runs, each with its own weights, split and order
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Steps of a training
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(20..))]
    steps: u64,
    /// The folder of the plots
    #[arg(long, default_value = "docs/claims")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Claim {
    /// How large gradients are, layer by layer, in a network of 20 layers
    Gradients,
    /// How fast networks learn, by activation
    Accuracy,
    /// Units that die
    Dead,
    /// The effect of initial weights
    Init,
    /// Every activation and its derivative
    Curves,
    /// max(0, x) and x * (x > 0)
    Forms,
    /// All of these
    All,
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
    let gpu = Gpu::new()?;
    let info = gpu.adapter_info();
    println!("adapter   {} ({:?}, {:?})", info.name, info.backend, info.device_type);
    let (seeds, steps) = (arguments.seeds, arguments.steps);
    let setup = Setup { gpu, seeds, steps, out: arguments.out.clone() };
    type Experiment = fn(&Setup) -> Outcome<()>;
    let experiments: [(Claim, Experiment); 6] = [
        (Claim::Gradients, gradients::run),
        (Claim::Accuracy, accuracy::run),
        (Claim::Dead, dead::run),
        (Claim::Init, init::run),
        (Claim::Curves, curves::run),
        (Claim::Forms, forms::run),
    ];
    let chosen = experiments
        .into_iter()
        .filter(|(claim, _)| [*claim, Claim::All].contains(&arguments.claim));
    chosen.into_iter().try_for_each(|(_, experiment)| experiment(&setup))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cheapest claims with few steps: they run and write pictures.
    #[test]
    fn claims_are_tested_and_plotted() {
        let folder = std::env::temp_dir().join(format!("claims-{}", std::process::id()));
        for claim in ["gradients", "dead", "curves"] {
            let out = folder.display().to_string();
            let options = ["claims", claim, "--seeds", "1", "--steps", "20", "--out", &out];
            run(&Arguments::parse_from(options)).unwrap();
            let png = std::fs::read(folder.join(format!("{claim}.png"))).unwrap();
            assert!(png.starts_with(b"\x89PNG"));
            let svg = std::fs::read_to_string(folder.join(format!("{claim}.svg"))).unwrap();
            assert!(svg.starts_with("<svg") && svg.contains("relu"), "{claim}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
