//! `wgpu-relu` on the command line: lists adapters, checks and measures the activations on them, and applies
//! activations to files.

mod activation;
mod adapter;
mod apply;
mod bench;
mod check;
mod devices;
#[cfg(test)]
mod fuzz;
mod manual;
mod messages;
mod output;
mod progress;
mod signals;

use std::error::Error;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// ReLU and its family on your GPU: check, benchmark and apply.
#[derive(Parser)]
#[command(
    name = "wgpu-relu",
    version,
    after_help = "Activations are written as their name, with parameters where the defaults do not do: gelu, \
                  \"elu(alpha=0.5)\", \"elu(0.5)\". Names of PyTorch and others are taken too: \
                  \"nn.LeakyReLU(0.2)\", swish.\nExit codes: 0 all is well; 1 something failed or was interrupted, \
                  as told; 2 a wrong command line."
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
    Completions(manual::CompletionsArguments),
    Man(manual::ManArguments),
}

/// The result of a command: the exit code, or an error as one line.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// The exit code of a wrong command line.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    signals::handle();
    // The code of a panic would be 101, and scripts count on three codes. The panic's message has been printed.
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(ExitCode::FAILURE)
}

fn run() -> ExitCode {
    let mut out = io::stdout().lock();
    let outcome = match Arguments::try_parse() {
        Ok(Arguments { adapter, command }) => match command {
            Command::Devices(arguments) => devices::run(&adapter, &arguments, &mut out),
            Command::Check(arguments) => check::run(&adapter, &arguments, &mut out),
            Command::Bench(arguments) => bench::run(&adapter, &arguments, &mut out),
            Command::Apply(arguments) => apply::run(&adapter, &arguments, &mut out),
            Command::Completions(arguments) => manual::completions(&arguments, &mut out),
            Command::Man(arguments) => manual::man(&arguments, &mut out),
        },
        Err(misuse) if misuse.use_stderr() => {
            let _ = misuse.print();
            return ExitCode::from(MISUSED);
        }
        // The text of --help and --version.
        Err(help) => help.print().map(|()| ExitCode::SUCCESS).map_err(Into::into),
    };
    let outcome = outcome.and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            messages::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of the output has closed it, as `head` does.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
