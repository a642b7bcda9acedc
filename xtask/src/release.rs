//! What a release needs: dependencies that may be used, a package with the right files, a public API that changes on purpose,
//! and the oldest Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::contributing::ROOT;
use crate::{Outcome, TARGET, cargo, cargo_on, check, names};

/// The versions that the checks were made with. Another one may demand other files.
const DENY: [&str; 2] = ["cargo-deny", "0.20.2"];
const PUBLIC_API: [&str; 2] = ["cargo-public-api", "0.52.0"];

/// The database that cargo-deny fetches unless deny.toml names another one.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

const LISTING: &str = "tests/data/public_api.txt";

/// The most bytes of the package, as it is sent.
const LARGEST: u64 = 300_000;

/// A program from crates.io, built in target/tools.
pub(crate) fn tool([name, version]: [&str; 2]) -> Result<PathBuf, String> {
    let root = Path::new(TARGET).join("tools");
    let program = root.join("bin").join(name);
    let found = Command::new(&program).arg("--version").output();
    let is_right = |output: std::process::Output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().last() == Some(version)
    };
    if !found.is_ok_and(is_right) {
        println!("xtask: building {name} {version} in target/tools");
        let mut install = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        install
            .args(["install", name, "--version", version, "--locked", "--debug", "--root"])
            .arg(&root);
        check(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(program)
}

/// Checks the dependencies by deny.toml.
pub(crate) fn deny() -> Outcome {
    let deny = tool(DENY)?;
    let cargo_deny = |arguments: &[&str]| {
        let mut command = Command::new(&deny);
        command.current_dir(ROOT).arg("--locked").args(arguments);
        command
    };
    check(&mut cargo_deny(&["--workspace", "check", "licenses", "sources"]))?;
    check(&mut cargo_deny(&["--exclude-dev", "check", "bans"]))?;
    let mut fetch = cargo_deny(&["fetch", "db"]);
    let fetched = fetch.output().map_err(|error| format!("{error}: {fetch:?}"))?;
    if !fetched.status.success() {
        println!(
            "{}xtask: advisories were NOT checked, because {ADVISORIES} cannot be fetched",
            String::from_utf8_lossy(&fetched.stderr)
        );
        return Ok(());
    }
    check(&mut cargo_deny(&["--workspace", "check", "advisories"]))
}

/// Whether a file belongs to the package.
fn belongs(path: &str) -> bool {
    let (folder, name) = path.split_once('/').unwrap_or(("", path));
    match folder {
        // Cargo adds the first three.
        "" => [
            ".cargo_vcs_info.json",
            "Cargo.lock",
            "Cargo.toml.orig",
            "Cargo.toml",
            "ARCHITECTURE.md",
            "CHANGELOG.md",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "README.md",
        ]
        .contains(&name),
        "src" => name.ends_with(".rs"),
        "shaders" => name.ends_with(".wgsl"),
        "docs" => {
            ["design/", "guide/"].iter().any(|f| name.starts_with(f)) && name.ends_with(".md")
        }
        _ => false,
    }
}

/// Builds the library out of the package, in which files and packages of the repository are missing.
fn build(package: &Path) -> Outcome {
    let told = |error| format!("{}: {error}", package.display());
    let folder = package.with_extension("");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(told)?;
    }
    let parent = package.parent().unwrap_or(package);
    check(Command::new("tar").arg("-xzf").arg(package).arg("-C").arg(parent))?;
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(told)?;
    // It is in a folder of the repository, but no member of its workspace.
    fs::write(&manifest, format!("{text}\n[workspace]\n")).map_err(told)?;
    // With the folder of the repository's builds, other packages are built once.
    let mut build = cargo_on(&manifest.display().to_string(), &["check", "--lib", "--locked"]);
    check(build.arg("--target-dir").arg(TARGET))
}

/// Makes the package. Checks its files and its size, and builds it.
pub(crate) fn package() -> Outcome {
    let mut list =
        cargo(&["package", "--package", "wgpu-relu", "--locked", "--allow-dirty", "--list"]);
    let output = list.output().map_err(|error| format!("{error}: {list:?}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).replace('\\', "/");
    let others: Vec<&str> = text.lines().filter(|path| !belongs(path)).collect();
    if !others.is_empty() {
        return Err(format!(
            "the package would have files that do not belong there: {}; see `include` in Cargo.toml and `belongs` in \
             xtask/src/release.rs",
            others.join(", ")
        ));
    }
    check(&mut cargo(&[
        "package",
        "--package",
        "wgpu-relu",
        "--locked",
        "--allow-dirty",
        "--no-verify",
    ]))?;
    let package =
        Path::new(TARGET).join(format!("package/wgpu-relu-{}.crate", in_manifest("version")?));
    let size =
        fs::metadata(&package).map_err(|error| format!("{}: {error}", package.display()))?.len();
    println!("the package has {} files and {size} bytes", text.lines().count());
    if size > LARGEST {
        return Err(format!(
            "the package has {size} bytes, and {LARGEST} is the limit; see LARGEST in xtask/src/release.rs"
        ));
    }
    build(&package)
}

/// Compares the public API with its listing, or writes the listing.
pub(crate) fn public_api(arguments: &[String]) -> Outcome {
    let updates = match arguments {
        [] => false,
        [update] if update == "--update" => true,
        _ => return Err("public-api takes --update alone".to_owned()),
    };
    let program = tool(PUBLIC_API)?;
    let mut command = Command::new(&program);
    // A folder of its own, because the variable makes cargo build other packages anew.
    command.current_dir(ROOT).args(["-p", "wgpu-relu", "-ss", "--target-dir"]);
    command.arg(Path::new(TARGET).join("public-api"));
    // rustdoc's JSON is unstable. With the variable, a stable Rust writes it too.
    command.env("RUSTC_BOOTSTRAP", "1").stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{error}: {command:?}"))?;
    if !output.status.success() {
        let [name, version] = PUBLIC_API;
        return Err(format!(
            "{}: {command:?}; if rustdoc's format is another one than {name} {version} reads, take a newer version of it",
            output.status
        ));
    }
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = Path::new(ROOT).join(LISTING);
    let told = |error| format!("{}: {error}", path.display());
    if updates {
        let names = Path::new(ROOT).join(names::FILE);
        fs::write(&names, names::of(&found)?)
            .map_err(|error| format!("{}: {error}", names.display()))?;
        return fs::write(&path, found).map_err(told);
    }
    let expected = fs::read_to_string(&path).map_err(told)?;
    let changes = differences(&expected, &found);
    match changes.is_empty() {
        true => {
            println!("the public API has the {} items of {LISTING}", found.lines().count());
            Ok(())
        }
        false => Err(format!(
            "the public API differs from {LISTING}; if it shall, run `cargo xtask public-api --update`\n{}",
            changes.join("\n")
        )),
    }
}

/// The lines of one listing alone, with a sign.
fn differences(expected: &str, found: &str) -> Vec<String> {
    let alone = |sign: char, a: &str, b: &str| -> Vec<String> {
        let others: Vec<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{sign}{line}")).collect()
    };
    [alone('-', expected, found), alone('+', found, expected)].concat()
}

/// A value of the library's Cargo.toml.
fn in_manifest(key: &str) -> Result<String, String> {
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml"))
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let value = manifest.split(&format!("\n{key} = \"")).nth(1);
    let value = value.and_then(|rest| rest.split('"').next());
    value.map(str::to_owned).ok_or(format!("Cargo.toml has no {key}"))
}

/// Builds the library with the oldest Rust that Cargo.toml names, which rustup has or fetches.
pub(crate) fn msrv() -> Outcome {
    let version = &in_manifest("rust-version")?;
    let has_it = Command::new("rustup").args(["run", version, "rustc", "--version"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        let mut install = Command::new("rustup");
        install.args(["toolchain", "install", version, "--profile", "minimal", "--no-self-update"]);
        check(&mut install)?;
    }
    let mut build = Command::new("rustup");
    build.args(["run", version, "cargo", "check", "--package", "wgpu-relu", "--lib", "--locked"]);
    // Another compiler would build all of target/ anew.
    build.args(["--target-dir"]).arg(Path::new(TARGET).join("msrv")).current_dir(ROOT);
    // Cargo tells programs that it runs which toolchain it is of, and rustup would take that one.
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        build.env_remove(variable);
    }
    check(&mut build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_library_belong_to_the_package() {
        for path in ["Cargo.toml", "src/lib.rs", "shaders/kernel/grid.wgsl", "docs/guide/images.md"]
        {
            assert!(belongs(path), "{path}");
        }
        for path in ["benches/README.md", "tests/it/main.rs", "docs/pictures/a.png", "src/notes.md"]
        {
            assert!(!belongs(path), "{path}");
        }
    }

    #[test]
    fn a_renamed_function_is_two_differences() {
        let changes = differences("pub fn a()\npub fn b()\n", "pub fn a()\npub fn c()\n");
        assert_eq!(changes, ["-pub fn b()", "+pub fn c()"]);
        assert!(differences("pub fn a()\n", "pub fn a()\n").is_empty());
    }
}
