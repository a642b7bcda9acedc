//! Packages of Debian, unpacked without installing them. Among them is Debian's Rust, which knows wasm32: for machines whose
//! Rust lacks that target and has no rustup to add it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::driver::{as_root, find_program};
use crate::wasm::Toolchain;
use crate::{Outcome, check};

/// It is unpacked and not installed, because it would replace the installed Rust.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian-rust");

/// The compiler and linker in FOLDER, which are fetched if they are missing. The standard library comes as source.
pub(crate) fn toolchain() -> Result<Toolchain, String> {
    let folder = Path::new(FOLDER);
    let [rustc, linker] = ["rustc", "wasm-ld"].map(|name| folder.join(name));
    if !(rustc.exists() && linker.exists()) {
        fetch(folder)?;
    }
    Ok(Toolchain {
        environment: vec![
            ("RUSTC", rustc.into()),
            // Building the standard library is an unstable feature.
            ("RUSTC_BOOTSTRAP", "1".into()),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.into()),
        ],
        arguments: &["-Zbuild-std=std,panic_abort"],
    })
}

fn fetch(folder: &Path) -> Result<(), String> {
    println!("xtask: fetching Debian's Rust (some 140 MB) into target/debian-rust");
    refresh()?;
    // The compiler's dependencies tell which versions of the two belong to it.
    let library = dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
    let llvm = dependency(&library, "libllvm")?;
    let lld = llvm.replace("libllvm", "lld-");
    let packages = ["rustc-web", "libstd-rust-web-dev", &library, "rust-web-src", &llvm, &lld];
    let unpacked = folder.join("files");
    unpack(&packages, &unpacked)?;
    let usr = fs::canonicalize(unpacked.join("usr")).map_err(|error| error.to_string())?;
    let lld = format!("lib/{}/bin/wasm-ld", lld.replace("lld", "llvm"));
    wrap(&usr, "bin/rustc", &folder.join("rustc"))?;
    wrap(&usr, &lld, &folder.join("wasm-ld"))
}

/// Brings the list of packages up to date.
pub(crate) fn refresh() -> Outcome {
    if find_program("apt-get").is_none() {
        return Err("this comes out of a Debian package, and apt-get is not here".to_owned());
    }
    check(&mut as_root("apt-get", &["update"])?)
}

/// Downloads packages of the list and unpacks them into a folder.
pub(crate) fn unpack(packages: &[&str], folder: &Path) -> Outcome {
    let told = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(told)?;
    check(Command::new("apt-get").arg("download").args(packages).current_dir(folder))?;
    for entry in fs::read_dir(folder).map_err(told)? {
        let package = entry.map_err(told)?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            check(Command::new("dpkg").arg("-x").arg(&package).arg(folder))?;
            fs::remove_file(&package).map_err(told)?;
        }
    }
    Ok(())
}

/// The dependency of a package whose name starts with `start`.
fn dependency(package: &str, start: &str) -> Result<String, String> {
    let output = Command::new("apt-cache").args(["depends", package]).output();
    let output = output.map_err(|error| format!("apt-cache: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut names = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = names.find(|name| name.starts_with(start));
    found.map(str::to_owned).ok_or(format!("Debian's {package} is not to be had"))
}

/// A script that runs an unpacked program with the libraries unpacked beside it.
fn wrap(usr: &Path, program: &str, script: &PathBuf) -> Result<(), String> {
    // Named after the machine: x86_64-linux-gnu, aarch64-linux-gnu.
    let mut folders = fs::read_dir(usr.join("lib")).map_err(|error| error.to_string())?;
    let libraries = folders.find_map(|folder| {
        let path = folder.ok()?.path();
        path.to_string_lossy().ends_with("-linux-gnu").then_some(path)
    });
    let libraries = libraries.ok_or("Debian's packages have no libraries for this machine")?;
    let (libraries, program) = (libraries.display(), usr.join(program));
    let program = program.display();
    let text =
        format!("#!/bin/sh\nexec env LD_LIBRARY_PATH=\"{libraries}\" \"{program}\" \"$@\"\n");
    fs::write(script, text).map_err(|error| format!("{}: {error}", script.display()))?;
    check(Command::new("chmod").arg("+x").arg(script))
}
