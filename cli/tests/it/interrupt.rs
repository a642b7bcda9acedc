//! `wgpu-relu apply` when it is interrupted. Input comes through a pipe, so the test knows how far it is.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use npyz::Order;

use crate::npy::file;
use crate::{Folder, Run};

/// A file of two chunks, and a program that has read the first one and waits for more.
fn half_way(folder: &Folder) -> (std::process::Child, fs::File, Vec<u8>) {
    half_way_of(folder, folder.command(["apply", "-a", "relu", "x.npy", "y.npy"]))
}

fn half_way_of(folder: &Folder, mut command: Command) -> (std::process::Child, fs::File, Vec<u8>) {
    let bytes = file("<f4", Order::C, &[1 << 21], &vec![-1.0f32; 1 << 21]);
    let made = Command::new("mkfifo").arg(folder.path("x.npy")).status().unwrap();
    assert!(made.success());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = OpenOptions::new().write(true).open(folder.path("x.npy")).unwrap();
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    pipe.write_all(first).unwrap();
    let started = Instant::now();
    while !folder.files().iter().any(|name| name.ends_with(".part")) {
        assert!(started.elapsed() < Duration::from_secs(60), "no file was started");
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, pipe, rest.to_vec())
}

#[test]
fn a_signal_is_heard_at_any_time_and_leaves_no_file() {
    for signal in ["-INT", "-TERM", "-XCPU"] {
        let folder = Folder::new();
        // The program waits for the pipe. Nothing more comes through it.
        let (child, _pipe, _) = half_way(&folder);
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(Run::ended(child).failed(), "interrupted");
        assert_eq!(folder.files(), ["x.npy"], "{signal}");
    }
}

/// As after `nohup`, when the terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn an_ignored_signal_stays_ignored() {
    let folder = Folder::new();
    let mut shell = Command::new("sh");
    let script = "trap '' HUP; exec \"$0\" apply -a relu x.npy y.npy";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_wgpu-relu")]).current_dir(folder.0.path());
    let (child, mut pipe, rest) = half_way_of(&folder, shell);
    assert!(
        Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success()
    );
    pipe.write_all(&rest).unwrap();
    drop(pipe);
    Run::of(child.wait_with_output().unwrap()).succeeded();
    assert_eq!(folder.files(), ["x.npy", "y.npy"]);
}

/// `ulimit -f` ends programs by SIGXFSZ, unless they handle it.
#[test]
fn a_limit_of_file_sizes_leaves_no_file() {
    let folder = Folder::new();
    let x = vec![1.0f32; 1 << 19];
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[1 << 19], &x)).unwrap();
    let script = "ulimit -f 512; exec \"$0\" apply -a relu x.npy y.npy";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_wgpu-relu")]).current_dir(folder.0.path());
    let error = Run::of(shell.output().unwrap()).failed();
    assert!(error.contains("y.npy: File too large"), "{error}");
    assert_eq!(folder.files(), ["x.npy"]);
}

#[test]
fn an_end_that_comes_too_early_leaves_no_file() {
    let folder = Folder::new();
    let (child, pipe, rest) = half_way(&folder);
    drop(pipe);
    let error = Run::of(child.wait_with_output().unwrap()).failed();
    assert!(
        error.contains(&format!("x.npy: the file ends {} bytes too early", rest.len())),
        "{error}"
    );
    assert_eq!(folder.files(), ["x.npy"]);
}

#[test]
fn a_pipe_is_as_good_as_a_file() {
    let folder = Folder::new();
    let (child, mut pipe, rest) = half_way(&folder);
    pipe.write_all(&rest).unwrap();
    drop(pipe);
    Run::of(child.wait_with_output().unwrap()).succeeded();
    assert_eq!(folder.files(), ["x.npy", "y.npy"]);
    assert!(fs::metadata(folder.path("y.npy")).unwrap().len() > 4 << 21);
}
