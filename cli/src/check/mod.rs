use crate::{Outcome, adapter::Choice};
use std::io::Write;
use std::process::ExitCode;
/// x
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn run(_: &Choice, _: &Arguments, _: &mut impl Write) -> Outcome<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
