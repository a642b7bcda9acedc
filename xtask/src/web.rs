//! Builds, measures and shows the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::driver::find_program;
use crate::wasm::Toolchain;

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

/// The folder of the page.
pub(crate) fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/web")).to_owned()
}

/// Builds the page.
pub(crate) fn build(toolchain: &Toolchain) -> Outcome {
    let folder = folder();
    toolchain.build(&["--lib"], "plot", &folder)?;
    for file in ["index.html", "page.js"] {
        fs::copy(Path::new(SOURCES).join(file), folder.join(file))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// Prints the size of the page's wasm. Fails above the budget.
pub(crate) fn measure() -> Outcome {
    let wasm = folder().join("plot_bg.wasm");
    let size = fs::metadata(&wasm).map_err(|error| format!("{}: {error}", wasm.display()))?.len();
    let sizes = [("as it is", Some(size)), ("through gzip", zipped(&wasm)?)];
    let mut above = false;
    for ((how, size), budget) in sizes.into_iter().zip(budget()) {
        match size {
            Some(size) => println!("the page's wasm is {size} bytes {how}, of {budget}"),
            None => println!("the page's wasm {how} is not measured: there is no gzip here"),
        }
        above |= size.is_some_and(|size| size > budget);
    }
    if above { Err("the page is above its budget, see above".to_owned()) } else { Ok(()) }
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
