//! Standard outputs and errors that cannot be written, and the exit codes then.

use std::fs::{self, File};
use std::process::Stdio;

use npyz::Order;

use crate::npy::{file, read};
use crate::{Folder, Run};

/// A full disk, and a pipe that nobody reads.
fn unwritable() -> Vec<Stdio> {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // Only Linux has the device of a full disk.
    let full = File::create("/dev/full").ok().filter(|_| cfg!(target_os = "linux"));
    full.map(Stdio::from).into_iter().chain([writer.into()]).collect()
}

#[test]
fn notes_and_errors_that_cannot_be_written_change_nothing() {
    let folder = Folder::new();
    // A note tells of the byte order.
    fs::write(folder.path("x.npy"), file(">f4", Order::C, &[2], &[-1.0f32, 2.0])).unwrap();
    for err in unwritable() {
        let mut command = folder.command(["apply", "-a", "relu", "--force", "x.npy", "y.npy"]);
        Run::of(command.stderr(err).output().unwrap()).succeeded();
        assert_eq!(read(&folder.path("y.npy")).3, [0.0, 2.0]);
        fs::remove_file(folder.path("y.npy")).unwrap();
    }
    for err in unwritable() {
        let mut command = folder.command(["apply", "-a", "relu", "missing.npy", "y.npy"]);
        assert_eq!(command.stderr(err).output().unwrap().status.code(), Some(1));
    }
    for err in unwritable() {
        let status = folder.command(["apply"]).stderr(err).output().unwrap().status;
        assert_eq!(status.code(), Some(2));
    }
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[2], &[-1.0f32, 2.0])).unwrap();
    for out in unwritable() {
        let mut command = folder.command(["apply", "-a", "relu", "x.npy", "-"]);
        let error = Run::of(command.stdout(out).output().unwrap()).failed();
        assert!(error.starts_with("standard output: "), "{error}");
    }
}

#[test]
fn a_table_can_be_cut_off_but_not_lost() {
    let folder = Folder::new();
    for arguments in [&["man"][..], &["--help"], &["completions", "bash"]] {
        let mut ends = unwritable();
        let pipe = ends.pop().unwrap();
        // As `head` does.
        let status = folder.command(arguments).stdout(pipe).output().unwrap().status;
        assert_eq!(status.code(), Some(0), "{arguments:?}");
        for full in ends {
            let status = folder.command(arguments).stdout(full).output().unwrap().status;
            assert_eq!(status.code(), Some(1), "{arguments:?}");
        }
    }
}

#[test]
fn names_with_control_characters_stay_in_their_line() {
    let folder = Folder::new();
    let error = folder.run(["apply", "-a", "relu", "a\nb\x1b[2J.npy", "y.npy"]).failed();
    assert!(error.starts_with("a\\nb\\u{1b}[2J.npy: "), "{error}");
}
