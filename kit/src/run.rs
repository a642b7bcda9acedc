//! `kit run`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::part::{Done, Part, Status};
use crate::parts::{self, Kind};
use crate::{Outcome, no_adapter, report};

/// Run all parts within a time, the most important first, and write the JSON file and the page
///
/// A part that fails is told, and the next one runs. The exit code is 1 if one failed, or if there is no adapter.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for all
    #[arg(default_value_t = parts::USUAL, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// The folder for the results; else `results` beside the program's folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Kept for the page.
const RESERVE: Duration = Duration::from_secs(2);

/// A part that has less than this left is not begun.
const LEAST: Duration = Duration::from_secs(3);

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let start = Instant::now();
    let programs = programs()?;
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => programs.join("../results"),
    };
    let folder = out.join("parts");
    if folder.exists() {
        // What an earlier run left must not pass for this one's.
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| format!("{}: {error}; name another folder by --out", folder.display()))?;
    let folder = folder.canonicalize()?;

    let devices = parts::devices();
    let found = devices.run(&programs, &folder, Duration::from_secs_f64(devices.limit))?;
    let adapter = adapter(&folder);
    let Some(adapter) = adapter.filter(|_| found.status == Status::Passed) else {
        let said = fs::read_to_string(folder.join("devices.err")).unwrap_or_default();
        eprintln!("{}", no_adapter::advice(said.trim(), &no_adapter::Machine::look()));
        return Ok(ExitCode::FAILURE);
    };
    let kind = match adapter["type"].as_str() {
        Some("software") => Kind::Software,
        _ => Kind::Gpu,
    };
    println!("{}, {}", text(&adapter, "name"), text(&adapter, "type"));
    if kind == Kind::Software {
        println!("This is a software adapter: sizes are small, and no time is a GPU's.");
    }
    let mut all = vec![found];
    let seconds = Duration::from_secs(arguments.seconds);
    for part in parts::after_devices(kind) {
        let left = seconds.saturating_sub(start.elapsed() + RESERVE);
        let done = match limit(&part, arguments.seconds, left) {
            _ if !part.is_there(&programs) => {
                part.done(Status::Skipped("this kit was built without it".to_owned()), 0.0)
            }
            Some(limit) => part.run(&programs, &folder, limit)?,
            None => part.done(Status::Skipped("no time was left".to_owned()), 0.0),
        };
        println!("{}", line(&done));
        all.push(done);
        // After each part: whoever ends the run early has what came so far.
        fs::write(folder.join("parts.json"), serde_json::to_string_pretty(&all)? + "\n")?;
        report::write(&folder, &out)?;
    }
    let [json, page] = report::write(&folder, &out)?;
    println!("\n{}\n{}", json.display(), page.display());
    let failed = all.iter().filter(|done| matches!(done.status, Status::Failed(_))).count();
    if failed > 0 {
        println!("{failed} of {} parts failed; the page says which.", all.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of this program, where the others are.
fn programs() -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().ok_or("this program is in no folder")?.to_owned())
}

/// How long a part may run, if it is to be begun at all.
fn limit(part: &Part, seconds: u64, left: Duration) -> Option<Duration> {
    let usual = part.limit * (seconds as f64 / parts::USUAL as f64).max(1.0);
    (left >= LEAST).then(|| Duration::from_secs_f64(usual).min(left))
}

/// The adapter that is taken, as `wgpu-relu devices --json` has it.
pub(crate) fn adapter(folder: &Path) -> Option<Value> {
    let text = fs::read_to_string(folder.join("devices.out")).ok()?;
    let adapters: Vec<Value> = serde_json::from_str(&text).ok()?;
    adapters.into_iter().find(|adapter| adapter["taken"] == true)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("unknown")
}

fn line(Done { name, status, seconds, .. }: &Done) -> String {
    match status {
        Status::Passed => format!("{name:12} passed in {seconds:.0} s"),
        Status::Failed(how) => format!("{name:12} FAILED ({how}) after {seconds:.0} s"),
        Status::OutOfTime(limit) => format!("{name:12} ended at its limit of {limit:.0} s"),
        Status::Skipped(why) => format!("{name:12} skipped: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_limit_or_what_is_left() {
        let part = Part { limit: 60.0, ..parts::devices() };
        let seconds = Duration::from_secs;
        assert_eq!(limit(&part, 600, seconds(500)), Some(seconds(60)));
        assert_eq!(limit(&part, 600, seconds(50)), Some(seconds(50)));
        assert_eq!(limit(&part, 1200, seconds(900)), Some(seconds(120)));
        // A short run cuts from the end of the list and not from each part.
        assert_eq!(limit(&part, 90, seconds(80)), Some(seconds(60)));
        assert_eq!(limit(&part, 600, seconds(2)), None);
    }
}
