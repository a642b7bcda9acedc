//! Builds, measures and shows the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::driver::find_program;
use crate::wasm::{Program, Toolchain};

/// The budget of the page's wasm, in bytes: plain, and through gzip.
const BUDGET: [u64; 2] = [220 << 10, 80 << 10];

/// How many activations that is for. The page has every activation, so each further one adds to the budget.
const ACTIVATIONS: u64 = 25;
const PER_ACTIVATION: [u64; 2] = [3584, 768];

/// The budget for the activations there are.
fn budget() -> [u64; 2] {
    let lines = include_str!("../../tests/data/activations.tsv").lines();
    let further =
        (lines.filter(|line| !line.starts_with('#')).count() as u64).saturating_sub(ACTIVATIONS);
    [0, 1].map(|i| BUDGET[i] + further * PER_ACTIVATION[i])
}

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web");

pub(crate) const PROGRAM: Program = Program {
    manifest: concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"),
    target: &["--package", "wgpu-relu-web", "--lib"],
    name: "plot",
    profile: "page",
};

/// The folder of the page.
pub(crate) fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/web")).to_owned()
}

/// Builds the page.
pub(crate) fn build(toolchain: &Toolchain) -> Outcome {
    let folder = folder();
    toolchain.build(&PROGRAM, &folder)?;
    copy(SOURCES, &["index.html", "page.js"], &folder)
}

/// Copies files of a folder.
pub(crate) fn copy(from: &str, files: &[&str], folder: &Path) -> Outcome {
    for file in files {
        fs::copy(Path::new(from).join(file), folder.join(file))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// Prints the size of the page's wasm. Fails above the budget.
pub(crate) fn measure() -> Outcome {
    measure_file("the page", &folder().join("plot_bg.wasm"), budget())
}

/// Prints the size of the wasm of `what`. Fails above the budget: bytes as it is, and through gzip.
pub(crate) fn measure_file(what: &str, wasm: &Path, budget: [u64; 2]) -> Outcome {
    let size = fs::metadata(wasm).map_err(|error| format!("{}: {error}", wasm.display()))?.len();
    let sizes = [("as it is", Some(size)), ("through gzip", zipped(wasm)?)];
    let mut above = false;
    for ((how, size), budget) in sizes.into_iter().zip(budget) {
        match size {
            Some(size) => println!("{what}'s wasm is {size} bytes {how}, of {budget}"),
            None => println!("{what}'s wasm {how} is not measured: there is no gzip here"),
        }
        above |= size.is_some_and(|size| size > budget);
    }
    if above { Err(format!("{what} is above its budget, see above")) } else { Ok(()) }
}

/// The size of a file through `gzip -9`, if that program is there.
fn zipped(file: &Path) -> Result<Option<u64>, String> {
    let Some(gzip) = find_program("gzip") else { return Ok(None) };
    let output = Command::new(gzip).arg("-9c").arg(file).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("gzip: {error}"))?;
    if !output.status.success() {
        return Err(format!("gzip of {}: {}", file.display(), output.status));
    }
    Ok(Some(output.stdout.len() as u64))
}
