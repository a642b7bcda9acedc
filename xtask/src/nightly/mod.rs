//! Runs tests with tools of the nightly compiler: AddressSanitizer, ThreadSanitizer and miri.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::contributing::ROOT;
use crate::{Outcome, TARGET, check, check_words};

/// Leaks that are not of this repository's code. Each line of the file has its reason.
const LEAKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/nightly/leak.txt");

/// Random inputs per test under miri, which takes some hundred times as long as the test alone.
const MIRI_INPUTS: &str = "10";

/// cargo of the nightly toolchain, in the root of the repository. An error says how to get the toolchain.
fn nightly(components: &[&str], arguments: &[&str]) -> Result<Command, String> {
    let rustup = |arguments: &[&str]| {
        let mut rustup = Command::new("rustup");
        rustup.args(arguments);
        // Cargo tells programs that it runs which toolchain it is of, and rustup would take that one.
        for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
            rustup.env_remove(variable);
        }
        rustup
    };
    let mut list = rustup(&["component", "list", "--toolchain", "nightly", "--installed"]);
    let installed = list.stderr(Stdio::null()).output().ok().filter(|o| o.status.success());
    let installed = installed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let has = |component: &&str| {
        installed.iter().flat_map(|list| list.lines()).any(|line| line.starts_with(component))
    };
    if !components.iter().all(has) {
        return Err(format!(
            "this needs a nightly Rust with {}; get it with `rustup toolchain install nightly --component {}`",
            components.join(" and "),
            components.join(",")
        ));
    }
    let mut cargo = rustup(&["run", "nightly", "cargo"]);
    cargo.args(arguments).current_dir(ROOT);
    Ok(cargo)
}

/// The compiler's name of this machine. With a target named, cargo keeps the flags from build scripts and macros.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("rustc -vV: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or("rustc -vV names no host".to_owned())
}

/// Runs the tests of the library with a sanitizer. The arguments are its name and words in the names of tests.
pub(crate) fn sanitize(arguments: &[String], environment: &[(&'static str, String)]) -> Outcome {
    let (sanitizer, filters) = match arguments.split_first() {
        Some((name, filters)) if ["address", "thread"].contains(&name.as_str()) => (name, filters),
        _ => return Err("sanitize takes address or thread, and words in names of tests".to_owned()),
    };
    check_words(sanitized(sanitizer, environment)?, filters)?;
    let mut cargo = sanitized(sanitizer, environment)?;
    cargo.arg("--").args(filters);
    // The test limits the addresses of its process, and a sanitizer takes terabytes of addresses.
    cargo.args(["--skip", "errors::memory_that_ends"]);
    if sanitizer == "thread" {
        // Tests that let naga read every module start no thread, and would take more than half an hour.
        cargo.args(["--skip", "every_module"]);
    }
    check(&mut cargo)
}

/// cargo with the library's tests and a sanitizer.
fn sanitized(sanitizer: &str, environment: &[(&'static str, String)]) -> Result<Command, String> {
    let mut cargo = nightly(&["rust-src"], &["test", "--locked"])?;
    cargo.args(["--package", "wgpu-relu", "--lib", "--test", "it", "--target", &host()?]);
    // Other flags would build all of target/ anew.
    cargo.arg("--target-dir").arg(Path::new(TARGET).join("sanitize").join(sanitizer));
    if sanitizer == "thread" {
        // ThreadSanitizer must see the locks of the standard library.
        cargo.arg("-Zbuild-std");
    }
    cargo
        .envs(environment.iter().cloned())
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        // Tests ask for more memory than there is, and expect an error.
        .env("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=1")
        .env("LSAN_OPTIONS", format!("suppressions={LEAKS}:print_suppressions=0"))
        // The detector of deadlocks ends the process where a thread holds 128 locks, and Mesa's threads do.
        .env("TSAN_OPTIONS", "allocator_may_return_null=1:detect_deadlocks=0");
    Ok(cargo)
}

/// Runs the tests of the library that need no device under miri. The arguments are words in the names of tests.
pub(crate) fn miri(filters: &[String]) -> Outcome {
    check_words(interpreted()?, filters)?;
    check(interpreted()?.arg("--").args(filters))
}

/// cargo with the library's tests under miri.
fn interpreted() -> Result<Command, String> {
    let mut cargo = nightly(&["miri", "rust-src"], &["miri", "test", "--locked"])?;
    cargo.args(["--package", "wgpu-relu", "--lib"]);
    cargo.arg("--target-dir").arg(Path::new(TARGET).join("miri"));
    // Bolero reads the environment and the clock. miri would add random errors to exp and ln, and the reference is exact.
    cargo.env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-deterministic-floats");
    cargo.env("BOLERO_RANDOM_ITERATIONS", MIRI_INPUTS);
    Ok(cargo)
}
