//! The examples of CONTRIBUTING.md, as a contributor adds them: in a copy of the repository, which is then tested.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::driver::find_program;
use crate::{Outcome, TARGET, cargo_on, check, compilers, exit_code};

pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/contributing");

/// An activation: its WGSL file and its row.
struct Example {
    name: String,
    wgsl: String,
    row: String,
}

/// The examples in the text. Each is a block of WGSL and, after it, one of Rust.
fn examples(text: &str) -> Result<Vec<Example>, String> {
    let blocks = |start: &str| -> Vec<String> {
        let blocks = text.split(start).skip(1).filter_map(|rest| rest.split_once("\n```"));
        blocks.map(|(block, _)| format!("{block}\n")).collect()
    };
    let (sources, rows) = (blocks("```wgsl\n"), blocks("```rust,ignore\n"));
    if sources.len() != rows.len() {
        return Err(format!(
            "CONTRIBUTING.md has {} blocks of WGSL and {} rows",
            sources.len(),
            rows.len()
        ));
    }
    let pairs = sources.into_iter().zip(rows);
    let example = |(wgsl, row): (String, String)| {
        let name = row.split("name: \"").nth(1).and_then(|rest| rest.split('"').next());
        let name = name.ok_or("a row in CONTRIBUTING.md has no name")?.to_owned();
        match wgsl.contains(&format!("fn {name}_grad(")) {
            true => Ok(Example { name, wgsl, row }),
            false => Err(format!(
                "the WGSL before the row of {name} in CONTRIBUTING.md has no {name}_grad"
            )),
        }
    };
    pairs.map(example).collect()
}

/// The table with the rows at its end.
fn with_rows(table: &str, examples: &[Example]) -> Result<String, String> {
    let end = "\n}\n\nimpl Activation {";
    let (before, after) =
        table.split_once(end).ok_or("src/activation/mod.rs: where does the table end?")?;
    let rows: String =
        examples.iter().map(|example| format!("\n\n{}", example.row.trim_end())).collect();
    Ok(format!("{before}{rows}{end}{after}"))
}

/// Copies the repository to a folder in target/, which a task may change.
///
/// The copy uses the repository's folder of builds, so that other packages are built once. Cargo tells packages of the same
/// name apart by their versions; without `mark`, the repository would get the copy's builds.
pub(crate) fn copy_repository(to: &Path, mark: &str) -> Outcome {
    let told = |error| format!("{}: {error}", to.display());
    if to.exists() {
        fs::remove_dir_all(to).map_err(told)?;
    }
    copy(Path::new(ROOT), to)?;
    let manifest = to.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(told)?;
    let (before, rest) = text.split_once("\nversion = \"").ok_or("Cargo.toml has no version")?;
    let (version, after) = rest.split_once('"').ok_or("Cargo.toml has no version")?;
    fs::write(&manifest, format!("{before}\nversion = \"{version}+{mark}\"{after}")).map_err(told)
}

/// The script of the reference vectors with the functions of the text at their end.
fn with_functions(script: &str, text: &str) -> Result<String, String> {
    let functions = text.split("```python\n").skip(1);
    let functions: String = functions.filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let end = "}\nMAGNITUDES";
    let (before, after) = script
        .split_once(end)
        .ok_or("scripts/reference_vectors.py: where do the functions end?")?;
    Ok(format!("{before}{functions}{end}{after}"))
}

/// A Python with mpmath. If there is none, an environment in target/ gets it from PyPI.
fn python() -> Result<PathBuf, String> {
    let has_mpmath = |python: &Path| {
        let found = Command::new(python).args(["-c", "import mpmath"]).output();
        found.is_ok_and(|output| output.status.success())
    };
    let found = find_program("python3").ok_or("the reference vectors need Python 3; install it")?;
    if has_mpmath(&found) {
        return Ok(found);
    }
    let own = Path::new(TARGET).join("python");
    let python = own.join("bin/python");
    if !has_mpmath(&python) {
        check(Command::new(&found).args(["-m", "venv"]).arg(&own)).map_err(|error| {
            format!("{error}; install mpmath for python3, or Python's venv and pip")
        })?;
        check(Command::new(&python).args(["-m", "pip", "install", "--quiet", "mpmath"]))?;
    }
    Ok(python)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    let told = |error| format!("{}: {error}", from.display());
    if from.is_file() {
        return fs::copy(from, to).map(|_| ()).map_err(told);
    }
    fs::create_dir_all(to).map_err(told)?;
    for entry in fs::read_dir(from).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let Some(name) = path.file_name() else { continue };
        if name != "target" && name != ".git" && !path.is_symlink() {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Adds the examples to a copy, makes its listings, and runs the tests that look at every row.
pub(crate) fn test(environment: Vec<(&'static str, String)>) -> Result<ExitCode, String> {
    let told = |error| format!("{COPY}: {error}");
    let text = fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).map_err(told)?;
    let examples = examples(&text)?;
    copy_repository(Path::new(COPY), "contributing")?;
    for example in &examples {
        let path = format!("{COPY}/shaders/activation/{}.wgsl", example.name);
        fs::write(&path, &example.wgsl).map_err(told)?;
    }
    let table = Path::new(COPY).join("src/activation/mod.rs");
    let rows = with_rows(&fs::read_to_string(&table).map_err(told)?, &examples)?;
    fs::write(&table, rows).map_err(told)?;

    let script = Path::new(COPY).join("scripts/reference_vectors.py");
    let functions = with_functions(&fs::read_to_string(&script).map_err(told)?, &text)?;
    fs::write(&script, functions).map_err(told)?;
    let vectors = Path::new(COPY).join("tests/data/reference_vectors.csv");
    check(Command::new(python()?).arg(&script).stdout(File::create(vectors).map_err(told)?))?;

    let names: Vec<&str> = examples.iter().map(|example| example.name.as_str()).collect();
    let in_copy = |arguments: &[&str]| -> Command {
        let mut cargo = cargo_on(&format!("{COPY}/Cargo.toml"), arguments);
        cargo.env("CARGO_TARGET_DIR", TARGET).envs(environment.iter().cloned());
        cargo.env("TEST_ACTIVATION", names.join(","));
        cargo
    };
    // Built beside the library's examples, the program shares their builds of wgpu.
    let listings = ["--example", "activations", "--example", "wgsl"];
    let mut build = in_copy(&["build", "--package", "wgpu-relu", "--package", "wgpu-relu-cli"]);
    check(build.args(listings).args(["--bin", "wgpu-relu"]))?;
    check(&mut in_copy(&["run", "--quiet", "--example", "activations"]))?;
    check(&mut in_copy(&["run", "--quiet", "--example", "wgsl", "--", "--update"]))?;
    let mut update = in_copy(&["run", "--release", "--package", "compilers", "--", "--update"]);
    check(update.args(&names).env("CXX", compilers::clang()?))?;
    // Could a compiler change a step? And the command that developers begin with.
    check(&mut in_copy(&["test", "--release", "--package", "compilers"]))?;
    let mut program = Command::new(Path::new(TARGET).join("debug/wgpu-relu"));
    check(program.arg("check").args(&names).envs(environment.iter().cloned()))?;
    // Modules of the library and of tests/it.
    let tests = [
        "activation::",
        "catalog::",
        "harness::",
        "activations::",
        "same_bits::",
        "vectors::",
        "wgsl::",
    ];
    let mut cargo = in_copy(&["test", "--package", "wgpu-relu", "--lib", "--test", "it", "--"]);
    cargo.args(tests);
    exit_code(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_found_and_have_their_place() {
        let read =
            |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).expect("the file is there");
        let examples = examples(&read("CONTRIBUTING.md")).expect("the blocks come in pairs");
        let names: Vec<&str> = examples.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(names, ["abs_value", "squareplus"]);
        let table =
            with_rows(&read("src/activation/mod.rs"), &examples).expect("the table has an end");
        assert!(
            table.contains("    }\n\n/// Absolute value"),
            "the rows follow the last row of the table"
        );
        let script =
            with_functions(&read("scripts/reference_vectors.py"), &read("CONTRIBUTING.md"));
        assert!(script.expect("the functions have an end").contains("\n    \"squareplus(b=0.5)\""));
    }
}
