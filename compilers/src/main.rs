//! The activations' shaders through a C++ compiler with many flags: does every build give the same bits?
//!
//! naga writes the shaders for Metal, and a header makes C++ of that. So a CPU shows what fast math does to them.
//!
//! ```sh
//! cargo xtask compilers
//! ```

mod builds;
mod control;
mod inputs;
mod modules;
mod record;
mod report;
mod run;
#[cfg(test)]
mod steps;
mod worker;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use testkit::checksums;
use wgpu_relu::Activation;

use inputs::Inputs;
use modules::{Form, Module};
use run::Job;

/// Compiles naga's MSL of every activation with many sets of flags. Compares bits with the strict build, and errors
/// with the reference.
#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 all is well; 1 something differs or failed, as told; 2 a wrong command line."
)]
struct Arguments {
    /// Activations, by name; all by default.
    activations: Vec<String>,
    /// Takes every N-th of all 2^32 inputs; 1 takes all.
    #[arg(long, default_value_t = 4099, value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    stride: u64,
    /// Unusual parameters, gates and sums take every N-th of these.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    sparser: u64,
    /// Writes tests/data/checksums.txt anew, from the strict build; of named activations, their lines alone.
    #[arg(long)]
    update: bool,
    /// Names every build of every function that is wrong, not only the first few.
    #[arg(long)]
    verbose: bool,
    /// The C++ compiler: clang, because others lack its vectors.
    #[arg(long, env = "CXX", default_value = "clang++")]
    compiler: String,
    /// The folder for sources and executables.
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

/// Whether all is well.
fn check(arguments: &Arguments) -> Outcome<bool> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    let (mut jobs, mut modules) = jobs(arguments)?;
    let controls = jobs.len();
    jobs.extend(control::jobs(&mut modules)?);
    let variants = builds::all(&arguments.compiler, &arguments.folder, &modules, threads)?;
    if !builds::has_fused_multiply_add() {
        println!("This processor has no fused multiply-add: contraction changes nothing here.\n");
    }
    let mut findings = run::run(&jobs, &variants, threads)?;
    control::check(&jobs[controls..], &variants, &findings.split_off(controls))?;
    let same = report::print(&jobs[..controls], &variants, &findings, arguments.verbose);
    let strict = &variants[0];
    let recorded = if arguments.update {
        record::update(strict, &jobs[..controls])?;
        true
    } else {
        record::check(strict, &jobs[..controls])?
    };
    Ok(same && recorded)
}

/// The jobs, and their modules.
fn jobs(arguments: &Arguments) -> Outcome<(Vec<Job>, Vec<Module>)> {
    let names = &arguments.activations;
    for name in names {
        if !Activation::ALL.iter().any(|activation| activation.name() == name) {
            return Err(
                format!("there is no activation {name:?}; give names without parameters").into()
            );
        }
    }
    let mut samples: Vec<Activation> = Vec::new();
    for activation in Activation::parameter_sweep().into_iter().chain(checksums::activations()) {
        let chosen = names.is_empty() || names.iter().any(|name| name == activation.name());
        if chosen && !samples.contains(&activation) {
            samples.push(activation);
        }
    }
    let dense = Inputs { stride: arguments.stride, specials: inputs::specials(&samples, false) };
    // An even sum keeps an odd stride odd.
    let sparse = Inputs {
        stride: arguments.stride * arguments.sparser + (arguments.sparser + 1) % 2,
        specials: inputs::specials(&samples, true),
    };
    let mut jobs = Vec::new();
    let mut modules: Vec<Module> = Vec::new();
    for activation in samples {
        let is_default = Activation::ALL.contains(&activation);
        let forms: &[Form] = match (is_default, activation) {
            (true, Activation::Rrelu { .. }) => {
                &[Form::Alone, Form::WithSums, Form::Gated, Form::RandomSlopes]
            }
            (true, _) => &[Form::Alone, Form::WithSums, Form::Gated],
            (false, Activation::Rrelu { .. }) => &[Form::Alone, Form::RandomSlopes],
            (false, _) => &[Form::Alone],
        };
        for &form in forms {
            let same = |module: &Module| {
                module.activation.name() == activation.name() && module.form == form
            };
            let module = match modules.iter().position(same) {
                Some(at) => at,
                None => {
                    modules.push(Module::new(activation, form)?);
                    modules.len() - 1
                }
            };
            let inputs = if is_default && form == Form::Alone { &dense } else { &sparse };
            jobs.push(Job { activation, form, module, inputs: inputs.clone() });
        }
    }
    Ok((jobs, modules))
}

/// Runs `work` in several threads at once.
fn in_threads(threads: usize, work: &(dyn Fn() -> Result<(), String> + Sync)) -> Outcome<()> {
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().try_for_each(|thread| match thread.join() {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(_) => Err("a thread has failed".into()),
        })
    })
}
