//! `wgpu-relu completions` and `wgpu-relu man`, made from the command line's own description.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::Outcome;

/// Print the completions of a shell
///
/// In bash: source <(wgpu-relu completions bash).
#[derive(clap::Args)]
pub(crate) struct CompletionsArguments {
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Print a man page, in roff
///
/// To read it: wgpu-relu man apply | man -l -
#[derive(clap::Args)]
pub(crate) struct ManArguments {
    /// The page of this command; else that of the program
    #[arg(value_name = "COMMAND", value_parser = ["devices", "check", "bench", "apply", "completions", "man"])]
    command: Option<String>,
}

pub(crate) fn completions(
    arguments: &CompletionsArguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let mut command = crate::Arguments::command();
    let name = command.get_name().to_owned();
    // The generator panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(arguments: &ManArguments, out: &mut impl Write) -> Outcome<ExitCode> {
    // clap's own command `help` would be listed with a page that is not there.
    let mut program = crate::Arguments::command().disable_help_subcommand(true);
    // Gives the commands their full names and the options that all of them share.
    program.build();
    let page = match &arguments.command {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or("there is no such command")?,
    };
    let source = format!("wgpu-relu {}", env!("CARGO_PKG_VERSION"));
    Man::new(page).source(source).render(out)?;
    Ok(ExitCode::SUCCESS)
}
