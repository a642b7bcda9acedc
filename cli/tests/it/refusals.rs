//! `wgpu-relu apply` refuses bad files, and leaves nothing then.

use std::fs;

use npyz::Order;

use crate::npy::{file, with_header};
use crate::{Folder, Run};

#[test]
fn a_file_that_is_there_is_not_replaced_unasked() {
    let folder = Folder::new();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[2], &[-1.0f32, 1.0])).unwrap();
    fs::write(folder.path("y.npy"), "precious").unwrap();
    let error = folder.run(["apply", "-a", "relu", "x.npy", "y.npy"]).failed();
    assert!(error.contains("y.npy: is there already; --force"), "{error}");
    assert_eq!(fs::read(folder.path("y.npy")).unwrap(), b"precious");
    folder.run(["apply", "-a", "relu", "--force", "x.npy", "y.npy"]).succeeded();
    assert!(fs::read(folder.path("y.npy")).unwrap().starts_with(b"\x93NUMPY"));
    assert_eq!(folder.files(), ["x.npy", "y.npy"]);
}

#[test]
fn bad_files_are_told_in_a_line_and_nothing_is_left() {
    let folder = Folder::new();
    let good = file("<f4", Order::C, &[2, 3], &[1.0f32; 6]);
    // Axes whose product overflows, in a header of the same length.
    let axes = b"(4294967296, 4294967296), }";
    let at = good.windows(4).position(|window| window == b"(2, ").unwrap();
    let mut overflowing = good.clone();
    overflowing[at..at + axes.len()].copy_from_slice(axes);
    let text = [npyz::FixedSizeBytes(*b"1234")];
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path(name), bytes).unwrap();
    write("good.npy", &good);
    write("short.npy", &good[..good.len() - 5]);
    write("header.npy", &good[..40]);
    write("overflowing.npy", &overflowing);
    write("empty.npy", b"");
    write("text.npy", b"x,y\n1,2\n");
    // The grammar of npyz takes 2^40 steps for it.
    write("nested.npy", &with_header(&format!("{}{}", "(".repeat(40), " ".repeat(80)), &[]));
    write("deep.npy", &with_header(&"[".repeat(60_000), &[]));
    write("long.npy", b"\x93NUMPY\x02\0\x01\0\x10\0");
    write(
        "two.npy",
        &with_header("{'descr': '|V2', 'fortran_order': False, 'shape': (1,)}", &[0; 2]),
    );
    write("x.safetensors", b"\x02\0\0\0\0\0\0\0{}");
    write("bytes.npy", &file("|V4", Order::C, &[1], &text));
    write("flat.npy", &file("<f4", Order::C, &[6], &[1.0f32; 6]));
    write("fortran.npy", &file("<f4", Order::Fortran, &[2, 3], &[1.0f32; 6]));
    write("good.txt", &good);
    fs::create_dir(folder.path("folder.npy")).unwrap();
    let before = folder.files();
    for (arguments, part) in [
        (&["missing.npy", "y.npy"][..], "missing.npy: "),
        (&["short.npy", "y.npy"], "short.npy: the file ends after 4 of 6 numbers"),
        (&["header.npy", "y.npy"], "not a .npy file"),
        (&["overflowing.npy", "y.npy"], "larger than any file"),
        (&["empty.npy", "y.npy"], "not a .npy file"),
        (&["text.npy", "y.npy"], "not a .npy file"),
        (&["bytes.npy", "y.npy"], "its numbers are '|V4'"),
        (
            &["two.npy", "y.npy"],
            "its numbers are '|V2', which cannot be read as float32; if they are bf16, add --bf16",
        ),
        (&["nested.npy", "y.npy"], "not a .npy file of numbers (in its header, "),
        (&["deep.npy", "y.npy"], "nested deeper than 64"),
        (&["long.npy", "y.npy"], "1048577 bytes, more than"),
        (&["folder.npy", "y.npy"], "folder.npy: is a folder"),
        (&["good.npy", "missing/y.npy"], "missing/y.npy: there is no folder missing; create it"),
        (&["good.npy", "missing/"], "missing/: there is no such folder for the results; create it"),
        (&["good.npy", "good.npy", "missing"], "missing: there is no such folder for the results"),
        (&["good.npy", "./good.npy", ".", "--force"], "an earlier file has the same name"),
        (&["-", "."], "-: has no name for its result"),
        (&["-", "y.npy", "--gradient", "-"], "x and dy cannot both be the standard input"),
        (&["x.safetensors", "y.safetensors", "--gradient", "-"], "dy cannot be the standard input"),
        (&["good.txt", "y.npy"], "good.txt: its name ends neither"),
        (&["good.npy", "y.txt"], "y.txt: its name ends neither"),
        (&["good.npy", "y.safetensors"], "different kinds"),
        (&["good.npy", "y.npy", "--tensor", "a"], "--tensor is for .safetensors"),
        (&["x.safetensors", "y.safetensors", "--bf16"], "--bf16 is for .npy files"),
        (&["good.npy", "y.npy", "--gradient", "flat.npy"], "[6], but good.npy has [2, 3]"),
        (&["good.npy", "y.npy", "--gradient", "fortran.npy"], "stored in Fortran order"),
        (&["good.npy", "y.npy", "--gradient", "short.npy"], "the file ends after 4 of 6"),
        (&["good.npy", "y.npy", "--adapter", "no such adapter"], "no such adapter"),
    ] {
        let child = folder.start(["apply", "-a", "relu"].iter().chain(arguments));
        let error = Run::ended(child).failed();
        assert!(error.contains(part), "{arguments:?}: {error}");
        assert_eq!(folder.files(), before, "{arguments:?}");
    }
}

/// As root, a replacement would remove the system's null device.
#[cfg(unix)]
#[test]
fn a_device_is_no_output_even_by_force() {
    let folder = Folder::new();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[1], &[1.0f32])).unwrap();
    std::os::unix::fs::symlink("/dev/null", folder.path("y.npy")).unwrap();
    let error = folder.run(["apply", "-a", "relu", "--force", "x.npy", "y.npy"]).failed();
    assert!(error.contains("is no file"), "{error}");
}
