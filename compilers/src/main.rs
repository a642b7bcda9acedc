//! The activations' shaders through clang with many flags: does every build give the same bits?
//!
//! ```sh
//! cargo xtask compilers
//! ```

mod builds;
mod inputs;
mod modules;
mod report;
mod run;
mod worker;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use wgpu_relu::Activation;

use modules::Module;

/// Compiles naga's MSL of every activation with many sets of flags; compares bits, and errors with the reference.
#[derive(Parser)]
struct Arguments {
    /// Activations, by name; all where none is given.
    activations: Vec<String>,
    /// Every so many of all 2^32 inputs; 1 takes all.
    #[arg(long, default_value_t = 4099, value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    stride: u64,
    /// With other parameters than the defaults, every so many times fewer.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    sparser: u64,
    /// Tells of every build of every function, not of the first few alone.
    #[arg(long)]
    verbose: bool,
    /// The C++ compiler.
    #[arg(long, env = "CXX", default_value = "clang++")]
    compiler: String,
    /// Where sources and executables are put.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/compilers"))]
    folder: PathBuf,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match check(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(arguments: &Arguments) -> Outcome<bool> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    let chosen = |activation: &Activation| {
        arguments.activations.is_empty()
            || arguments.activations.iter().any(|name| name == activation.name())
    };
    let mut samples: Vec<Activation> = Vec::new();
    for activation in Activation::samples().into_iter().filter(chosen) {
        // A value in the list of parameters may be the default.
        if !samples.contains(&activation) {
            samples.push(activation);
        }
    }
    if samples.is_empty() {
        return Err(format!("no activation is named {:?}", arguments.activations).into());
    }
    let mut modules: Vec<Module> = Vec::new();
    let mut jobs = Vec::new();
    for activation in samples {
        let name = activation.name();
        let found = modules.iter().position(|module| module.name == name);
        let module = match found {
            Some(at) => at,
            None => {
                modules.push(Module::of(activation)?);
                modules.len() - 1
            }
        };
        jobs.push(run::Job { activation, module });
    }
    let variants = builds::all(&arguments.compiler, &arguments.folder, &modules, threads)?;
    let findings = run::run(&jobs, &variants, arguments.stride, arguments.sparser, threads)?;
    Ok(report::print(&jobs, &variants, &findings, arguments.verbose))
}
