//! A process that runs compute shaders: a job a line in, an answer a line out (scripts/browser.mjs).

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The process, which ends once its input does.
pub(crate) struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// What the jobs run on.
    pub(crate) name: String,
}

/// A shader's entry point with what it is given.
pub(crate) struct Job<'a> {
    pub(crate) code: &'a str,
    pub(crate) buffers: &'a [Buffer],
    pub(crate) workgroups: usize,
}

/// A buffer of group 0.
pub(crate) struct Buffer {
    pub(crate) binding: u32,
    pub(crate) words: Vec<u32>,
    /// Whether its words are part of the answer.
    pub(crate) read: bool,
}

impl Runner {
    /// Starts `command`, a program and its arguments, and waits until it is ready.
    pub(crate) fn start(command: &[String]) -> Result<Self, String> {
        let [program, arguments @ ..] = command else {
            return Err("no command given that runs shaders; use `cargo xtask test-web`".to_owned());
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{error}: {command:?}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the process has no output")?;
        let output = BufReader::new(output).lines();
        let mut runner = Runner { child, input, output, name: String::new() };
        let greeting = runner.read()?;
        runner.name = greeting["name"].as_str().ok_or("the process gives no name")?.to_owned();
        Ok(runner)
    }

    /// The words of the buffers to be read.
    pub(crate) fn run(&mut self, job: &Job<'_>) -> Result<Vec<Vec<u32>>, String> {
        let buffers = job.buffers.iter().map(
            |buffer| json!({"binding": buffer.binding, "words": buffer.words, "read": buffer.read}),
        );
        let line = json!({
            "code": job.code,
            "buffers": buffers.collect::<Vec<_>>(),
            "workgroups": job.workgroups,
        });
        let input = self.input.as_mut().ok_or("the process has no input")?;
        writeln!(input, "{line}").map_err(|error| format!("giving a job: {error}"))?;
        let mut answer = self.read()?;
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        serde_json::from_value(answer["words"].take()).map_err(|error| error.to_string())
    }

    fn read(&mut self) -> Result<Value, String> {
        let line = match self.output.next() {
            Some(line) => line.map_err(|error| format!("reading an answer: {error}"))?,
            None => return Err("the process that runs the shaders has ended, see above".to_owned()),
        };
        serde_json::from_str(&line).map_err(|error| format!("{error} in the answer {line:?}"))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.input.take();
        // It has answered all it was asked; how it ends does not matter.
        let _ = self.child.wait();
    }
}
