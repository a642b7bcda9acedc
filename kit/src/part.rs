//! A part of a run: a program with a time limit, and what came of it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// A program to run.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The name of its files.
    pub(crate) name: String,
    pub(crate) program: Program,
    pub(crate) arguments: Vec<String>,
    /// Seconds that it may take in a run of [`parts::USUAL`](crate::parts::USUAL) seconds.
    pub(crate) limit: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Program {
    /// Of the kit, by its name.
    Ours(&'static str),
    /// Python, which gets a script as its first argument.
    Python,
}

/// What came of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) name: String,
    /// As it can be repeated by hand.
    pub(crate) command: String,
    pub(crate) status: Status,
    pub(crate) seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Passed,
    /// The exit code, or the signal, in words.
    Failed(String),
    /// It was ended at its limit in seconds.
    OutOfTime(f64),
    /// Why it was not run.
    Skipped(String),
}

/// The exit code of a program that cannot do its work here, for a reason that is no failure.
const NOT_HERE: i32 = 3;

impl Part {
    pub(crate) fn done(&self, status: Status, seconds: f64) -> Done {
        Done { name: self.name.clone(), command: self.command_line(), status, seconds }
    }

    /// Whether the kit has the program. `cargo xtask kit --without-peers` leaves one out; any other must be there.
    pub(crate) fn is_there(&self, programs: &Path) -> bool {
        match self.program {
            Program::Ours("peers") => programs.join("peers").exists(),
            _ => true,
        }
    }

    fn command_line(&self) -> String {
        match &self.program {
            Program::Ours(program) => {
                let quoted = self.arguments.iter().map(|argument| match argument.contains(' ') {
                    true => format!(" \"{argument}\""),
                    false => format!(" {argument}"),
                });
                format!("bin/{program}{}", quoted.collect::<String>())
            }
            // Its first argument is the whole script.
            Program::Python => format!("python3 torch.py {}", self.arguments[1..].join(" ")),
        }
    }

    /// Runs it in `folder`, where its output goes to `<name>.out` and `<name>.err`; ends it at the limit.
    pub(crate) fn run(&self, programs: &Path, folder: &Path, limit: Duration) -> Outcome<Done> {
        let mut command = match self.program {
            Program::Ours(program) => Command::new(programs.join(program)),
            Program::Python => {
                let mut python = Command::new("python3");
                python.arg("-c");
                python
            }
        };
        let file =
            |extension: &str| File::create(folder.join(format!("{}.{extension}", self.name)));
        command.args(&self.arguments).current_dir(folder).stdin(Stdio::null());
        command.stdout(file("out")?).stderr(file("err")?);
        let start = Instant::now();
        let status = match command.spawn() {
            Ok(child) => wait(child, start, limit)?,
            Err(error) if self.program == Program::Python => {
                Status::Skipped(format!("python3 cannot be run here: {error}"))
            }
            Err(error) => Status::Failed(format!("cannot be run: {error}")),
        };
        let status = match status {
            Status::Skipped(reason) if reason.is_empty() => {
                let said = std::fs::read_to_string(folder.join(format!("{}.err", self.name)))?;
                Status::Skipped(said.lines().last().unwrap_or("it gave no reason").to_owned())
            }
            status => status,
        };
        Ok(self.done(status, start.elapsed().as_secs_f64()))
    }
}

/// Waits for the end; an empty reason is to be found in what the program said.
fn wait(mut child: Child, start: Instant, limit: Duration) -> Outcome<Status> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(match status.code() {
                Some(0) => Status::Passed,
                Some(NOT_HERE) => Status::Skipped(String::new()),
                _ => Status::Failed(status.to_string()),
            });
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(Status::OutOfTime(limit.as_secs_f64()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: f64) -> Done {
        let folder = tempfile::tempdir().expect("a folder");
        let part = Part {
            name: "part".to_owned(),
            program: Program::Ours("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            limit,
        };
        let limit = Duration::from_secs_f64(limit);
        part.run(Path::new("/bin"), folder.path(), limit).expect("the folder is there")
    }

    #[test]
    fn what_came_of_a_part_is_told() {
        assert_eq!(shell("exit 0", 60.0).status, Status::Passed);
        assert_eq!(shell("exit 7", 60.0).status, Status::Failed("exit status: 7".to_owned()));
        let skipped = shell("echo one >&2; echo no torch >&2; exit 3", 60.0).status;
        assert_eq!(skipped, Status::Skipped("no torch".to_owned()));
        let slow = shell("exec sleep 60", 0.1);
        assert_eq!(slow.status, Status::OutOfTime(0.1));
        assert!(slow.seconds < 10.0);
        assert_eq!(slow.command, "bin/sh -c \"exec sleep 60\"");
    }

    #[test]
    fn burn_may_be_left_out_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let part = |program| Part {
            name: "part".to_owned(),
            program: Program::Ours(program),
            arguments: Vec::new(),
            limit: 1.0,
        };
        assert!(!part("peers").is_there(folder.path()));
        std::fs::write(folder.path().join("peers"), "").expect("it can be written");
        assert!(part("peers").is_there(folder.path()) && part("tests").is_there(folder.path()));
    }

    #[test]
    fn a_program_that_is_missing_is_a_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let part = Part {
            name: "part".to_owned(),
            program: Program::Ours("missing"),
            arguments: Vec::new(),
            limit: 1.0,
        };
        let done = part.run(folder.path(), folder.path(), Duration::from_secs(1)).expect("told");
        assert!(matches!(done.status, Status::Failed(reason) if reason.contains("cannot be run")));
    }
}
