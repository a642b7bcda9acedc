//! Builds for a browser: finds Rust's standard library for wasm32, and wasm-bindgen.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::driver::find_program;
use crate::{cargo_on, check, debian};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Separates flags in cargo's variable.
const SEPARATOR: char = '\x1f';

/// Flags for this target only.
const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Most machines need only this.
const REMEDY: &str = "rustup target add wasm32-unknown-unknown";

/// A target of a package that becomes a module for a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// The Cargo.toml of its workspace.
    pub(crate) manifest: &'static str,
    /// cargo's options that choose the target.
    pub(crate) target: &'static [&'static str],
    /// The name of the target's file.
    pub(crate) name: &'static str,
    pub(crate) profile: &'static str,
}

/// A compiler that knows the target, as additional settings of cargo.
#[derive(Default)]
pub(crate) struct Toolchain {
    pub(crate) environment: Vec<(&'static str, OsString)>,
    pub(crate) arguments: &'static [&'static str],
}

impl Toolchain {
    /// The installed Rust, to which rustup adds the target if needed. If that fails, or `rust` asks for it, Debian's
    /// Rust.
    pub(crate) fn provide(rust: Option<&str>) -> Result<Self, String> {
        match rust {
            None => {}
            Some("debian") => return debian::toolchain(),
            Some(other) => {
                return Err(format!("there is no --rust {other:?}; take debian, or none"));
            }
        }
        if has_target()? {
            return Ok(Toolchain::default());
        }
        if find_program("rustup").is_some() {
            println!("xtask: {REMEDY}");
            // This fails offline, or if this Rust has no such target. The check below finds out.
            let _ = check(Command::new("rustup").args(["target", "add", TARGET]));
            if has_target()? {
                return Ok(Toolchain::default());
            }
        }
        debian::toolchain().map_err(|error| {
            format!("this Rust has no standard library for {TARGET}; {REMEDY} (Debian's Rust instead: {error})")
        })
    }

    /// Builds a program, and makes `folder`/`name`.js and its wasm, which a page loads.
    pub(crate) fn build(&self, program: &Program, folder: &Path) -> Result<(), String> {
        let Program { manifest, target, name, profile } = *program;
        let bindgen = bindgen()?;
        let mut build = cargo_on(manifest, &["build", "--profile", profile]);
        build.args(target).args(["--target", TARGET, "--locked"]);
        build.args(self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        build.arg("--target-dir").arg(target_folder());
        build.env("CARGO_ENCODED_RUSTFLAGS", self.flags()?);
        check(&mut build)?;
        let examples = if target.contains(&"--example") { "examples" } else { "" };
        let file = format!("{name}.wasm");
        // cargo's folder of the profile dev has another name.
        let built = if profile == "dev" { "debug" } else { profile };
        let module = target_folder().join(TARGET).join(built).join(examples).join(file);
        let mut bindgen = Command::new(bindgen);
        bindgen.args(["--target", "web", "--no-typescript", "--remove-producers-section"]);
        if profile == "page" && examples.is_empty() {
            bindgen.arg("--remove-name-section");
        }
        check(bindgen.arg("--out-dir").arg(folder).arg(module))
    }

    /// The flags of rustc: the user's flags, a limit of inlining, and short paths of sources in panics, because no page
    /// needs the long ones.
    fn flags(&self) -> Result<String, String> {
        let output = rustc(self.rustc().as_deref(), &["--print", "sysroot"])?;
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).unwrap_or_default();
        let library = ["lib", "rustlib", "src", "rust", "library"];
        let sources = [
            home.join("registry").join("src"),
            Path::new(&sysroot).join(PathBuf::from_iter(library)),
        ];
        let mut flags = given();
        // The smallest page: 10 and 40 make it larger, by .5 and 1 %.
        flags.push("-Cllvm-args=-inline-threshold=25".to_owned());
        flags.extend(sources.iter().map(|path| format!("--remap-path-prefix={}=", path.display())));
        Ok(flags.join(&SEPARATOR.to_string()))
    }

    /// Another compiler than the installed one.
    fn rustc(&self) -> Option<OsString> {
        let own = self.environment.iter().find(|(name, _)| *name == "RUSTC");
        own.map(|(_, rustc)| rustc.clone())
    }
}

/// The user's flags of rustc, from the first of cargo's variables that is set.
fn given() -> Vec<String> {
    let parts = |name: &str, between: char| -> Option<Vec<String>> {
        let flags = env::var(name).ok()?;
        Some(flags.split(between).filter(|flag| !flag.is_empty()).map(str::to_owned).collect())
    };
    let encoded = parts("CARGO_ENCODED_RUSTFLAGS", SEPARATOR);
    let flags = || parts("RUSTFLAGS", ' ').or_else(|| parts(FLAGS, ' '));
    encoded.or_else(flags).unwrap_or_default()
}

/// cargo's target folder.
pub(crate) fn target_folder() -> PathBuf {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| ours.into(), PathBuf::from)
}

/// Whether the installed Rust has the target.
fn has_target() -> Result<bool, String> {
    let output = rustc(None, &["--print", "target-libdir", "--target", TARGET])?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).exists())
}

/// Runs a compiler, or the installed one, and returns its output.
fn rustc(program: Option<&OsStr>, arguments: &[&str]) -> Result<Output, String> {
    let installed = || env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut rustc = Command::new(program.map_or_else(installed, OsStr::to_owned));
    rustc.args(arguments).output().map_err(|error| format!("{error}: {rustc:?}"))
}

/// The program wasm-bindgen. Its version must be that of the crate in Cargo.lock. It is installed under target/ if it
/// is missing.
fn bindgen() -> Result<PathBuf, String> {
    let version = locked("wasm-bindgen")?;
    let here = find_program("wasm-bindgen").filter(|program| says(program, &version));
    if let Some(program) = here {
        return Ok(program);
    }
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm-bindgen"));
    let folder = folder.join(&version);
    let program = folder.join("bin").join(format!("wasm-bindgen{}", env::consts::EXE_SUFFIX));
    if program.exists() {
        return Ok(program);
    }
    println!(
        "xtask: installing wasm-bindgen {version} into target/wasm-bindgen, which takes minutes"
    );
    let mut install = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    install.args(["install", "wasm-bindgen-cli", "--version", &version, "--bin", "wasm-bindgen"]);
    // A build without optimisation takes half as long, and the program still needs only half a second.
    install.args(["--debug", "--config", "profile.dev.debug=false", "--root"]).arg(&folder);
    check(&mut install)?;
    Ok(program)
}

/// Whether a program says that it has this version.
fn says(program: &Path, version: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| output.stdout.trim_ascii().ends_with(version.as_bytes()))
}

/// The version of a package in Cargo.lock.
fn locked(package: &str) -> Result<String, String> {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let text = text.replace('\r', "");
    let (_, after) = text
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .ok_or(format!("Cargo.lock has no {package}"))?;
    Ok(after.split('"').next().unwrap_or_default().to_owned())
}
