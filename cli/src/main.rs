//! `wgpu-relu` on the command line: lists adapters, checks and measures the activations on them, and applies
//! activations to files.

mod adapter;
mod apply;
mod bench;
mod check;
mod devices;
mod output;
mod progress;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// ReLU and its family on your GPU: check, benchmark and apply.
#[derive(Parser)]
#[command(
    name = "wgpu-relu",
    version,
    after_help = "Activations are written as their name, with parameters where the defaults do not do: gelu, \
                  \"elu(alpha=0.5)\".\nExit codes: 0 all is well; 1 something failed, as told; 2 a wrong \
                  command line; 130 interrupted."
)]
struct Arguments {
    #[command(flatten)]
    adapter: adapter::Choice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Devices(devices::Arguments),
    Check(check::Arguments),
    Bench(bench::Arguments),
    Apply(apply::Arguments),
}

/// The result of a command: the exit code, or an error as one line.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let Arguments { adapter, command } = Arguments::parse();
    let mut out = io::stdout().lock();
    let outcome = match command {
        Command::Devices(arguments) => devices::run(&adapter, &arguments, &mut out),
        Command::Check(arguments) => check::run(&adapter, &arguments, &mut out),
        Command::Bench(arguments) => bench::run(&adapter, &arguments, &mut out),
        Command::Apply(arguments) => apply::run(&adapter, &arguments, &mut out),
    };
    let outcome = outcome.and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match outcome {
        Ok(code) => code,
        Err(_) if progress::interrupted() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of the output has closed it, as `head` does.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
