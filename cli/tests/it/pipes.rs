//! `wgpu-relu apply` from and to pipes, and into folders.

use std::fs;
use std::io::Write;

use npyz::Order;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::npy::{file, read};
use crate::{Folder, Run};

fn x() -> Vec<u8> {
    file("<f4", Order::C, &[2], &[-1.0f32, 2.0])
}

/// The standard output and error of a run that must succeed with this input.
fn piped(folder: &Folder, arguments: &[&str], input: &[u8]) -> (Vec<u8>, String) {
    let mut child = folder.start(arguments);
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    (output.stdout, err)
}

#[test]
fn a_dash_is_the_standard_input_or_output() {
    let folder = Folder::new();
    let (y, err) = piped(&folder, &["apply", "-a", "relu", "-", "-"], &x());
    assert!(y.starts_with(b"\x93NUMPY") && y.ends_with(&[0, 0, 0, 0, 0, 0, 0, 0x40]), "{y:?}");
    assert!(err.contains("note: standard output: relu of 2 elements"), "{err}");
    assert_eq!(folder.files(), Vec::<String>::new());

    piped(&folder, &["apply", "-a", "relu", "-", "y.npy"], &x());
    assert_eq!(read(&folder.path("y.npy")).3, [0.0, 2.0]);
    let (z, _) = piped(&folder, &["apply", "-a", "relu", "y.npy", "-"], b"");
    assert_eq!(z, fs::read(folder.path("y.npy")).unwrap());
    piped(&folder, &["apply", "-a", "relu", "--gradient", "-", "y.npy", "dx.npy"], &x());
    assert_eq!(read(&folder.path("dx.npy")).3, [0.0, 2.0]);
}

#[test]
fn safetensors_pass_through_pipes_too() {
    let folder = Folder::new();
    let data: Vec<u8> = [-1.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let tensor = TensorView::new(Dtype::F32, vec![2], &data).unwrap();
    let x = safetensors::serialize([("a", tensor)], None).unwrap();
    let (y, _) = piped(&folder, &["apply", "-a", "relu", "-", "-"], &x);
    let y = SafeTensors::deserialize(&y).unwrap();
    assert_eq!(y.tensor("a").unwrap().data(), [0, 0, 0, 0, 0, 0, 0, 0x40]);
}

#[test]
fn bytes_after_an_array_in_a_pipe_are_told() {
    let folder = Folder::new();
    // `np.save` twice into one file.
    let (_, err) = piped(&folder, &["apply", "-a", "relu", "-", "-"], &x().repeat(2));
    assert!(err.contains("note: standard input: bytes follow the array of 2 numbers"), "{err}");
    let (_, err) = piped(&folder, &["apply", "-a", "relu", "-", "-"], &x());
    assert!(!err.contains("follow"), "{err}");
}

#[test]
fn several_files_go_into_a_folder() {
    let folder = Folder::new();
    for path in ["results", "gradients"] {
        fs::create_dir(folder.path(path)).unwrap();
    }
    fs::write(folder.path("a.npy"), x()).unwrap();
    fs::write(folder.path("b.npy"), file("<f4", Order::C, &[1], &[5.0f32])).unwrap();
    let out = folder.run(["apply", "-a", "relu", "a.npy", "b.npy", "results"]).succeeded();
    assert_eq!(out.lines().filter(|line| line.contains("relu of ")).count(), 2, "{out}");
    assert_eq!(read(&folder.path("results/a.npy")).3, [0.0, 2.0]);
    assert_eq!(read(&folder.path("results/b.npy")).3, [5.0]);

    // Gradients with the same names.
    let gradient =
        ["apply", "-a", "relu", "--force", "--gradient", "results", "a.npy", "b.npy", "gradients/"];
    folder.run(gradient).succeeded();
    assert_eq!(read(&folder.path("gradients/a.npy")).3, [0.0, 2.0]);
    let alone =
        ["apply", "-a", "relu", "--force", "--gradient", "a.npy", "a.npy", "b.npy", "gradients"];
    assert!(folder.run(alone).failed().contains("a.npy: is no folder"));

    // Nothing is replaced unasked, and that is told before any work.
    fs::remove_file(folder.path("results/a.npy")).unwrap();
    let error = folder.run(["apply", "-a", "relu", "a.npy", "b.npy", "results"]).failed();
    assert!(error.contains("b.npy: is there already; --force"), "{error}");
    assert!(!folder.path("results/a.npy").exists());
}

#[test]
fn a_bad_file_does_not_stop_the_others() {
    let folder = Folder::new();
    fs::create_dir(folder.path("results")).unwrap();
    fs::write(folder.path("a.npy"), "no array").unwrap();
    fs::write(folder.path("b.npy"), x()).unwrap();
    let run: Run = folder.run(["apply", "-a", "relu", "a.npy", "b.npy", "results"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("error: a.npy: not a .npy file"), "{}", run.err);
    assert_eq!(read(&folder.path("results/b.npy")).3, [0.0, 2.0]);
    assert!(!folder.path("results/a.npy").exists());
}
