//! The program of the folder that `cargo xtask kit` makes: it runs what decides about a GPU, in order of importance and
//! within a time, and writes a JSON file and a page.

mod no_adapter;
mod part;
mod parts;
mod report;
mod run;
mod sweep;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks and measures wgpu-relu on this machine's GPU.
///
/// WGPU_ADAPTER_NAME and WGPU_BACKEND choose the adapter.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Sweep(sweep::Arguments),
    Report(report::Arguments),
}

/// A value, or what went wrong, in a line.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn arguments_are_read() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        let run = parse("kit run 90 --out there").expect("a time and a folder");
        assert!(matches!(run.command, Command::Run(run::Arguments { seconds: 90, .. })));
        let run = parse("kit run").expect("both have defaults");
        assert!(matches!(run.command, Command::Run(run::Arguments { seconds: 600, .. })));
        for wrong in
            ["kit", "kit run soon", "kit run 0", "kit run -5", "kit report", "kit sweep --rounds 0"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
