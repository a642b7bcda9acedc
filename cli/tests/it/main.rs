//! The program as its users run it. If it computes, it needs an adapter; `cargo xtask test` installs one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod activations;
mod bench;
mod check;
mod devices;
#[cfg(unix)]
mod guide;
#[cfg(unix)]
mod interrupt;
mod manual;
#[cfg(unix)]
mod messages;
mod npy;
mod pipes;
mod refusals;
#[cfg(unix)]
mod replaced;
mod safetensors;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A folder of the test's own, and the program run in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgpu-relu"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Starts the program, with pipes to and from it.
    fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The names of its files, hidden ones too.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The result of a run.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// The result of a program that ends without more input, which is not to take for ever.
    fn ended(mut child: Child) -> Self {
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
                panic!("the program does not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Run::of(child.wait_with_output().unwrap())
    }

    /// The output of a run that must succeed.
    fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// The error of a run that must fail, in one line.
    fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        let mut errors = self.err.lines().filter_map(|line| line.strip_prefix("error: "));
        let error = errors.next().unwrap_or_else(|| panic!("no error told: {:?}", self.err));
        // A driver may print lines before it, but nothing comes after.
        assert!(self.err.ends_with(&format!("{error}\n")), "more than a line: {:?}", self.err);
        error.to_owned()
    }
}
