//! The crate in the WebGPU of a headless Chromium, and the page there.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::driver::{find_program, install};
use crate::wasm::{self, Program, Toolchain};
use crate::{npm, web};

/// The npm package that drives the browser, in a version that runs on Node.js 18, which Debian 12 has.
const PLAYWRIGHT: &str = "playwright-core@1.60.0";

const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Makes the command that examines the activations named in `arguments`, or all activations and the page.
pub(crate) fn command(toolchain: &Toolchain, arguments: &[String]) -> Result<Command, String> {
    let mut command = script("main.mjs")?;
    web::build(toolchain)?;
    let tests = wasm::target_folder().join("web-tests");
    let program = Program {
        target: &["--package", "wgpu-relu-web", "--example", "browser_tests"],
        name: "browser_tests",
        ..web::PROGRAM
    };
    toolchain.build(&program, &tests)?;
    command.args([tests, web::folder()]).args(arguments);
    Ok(command)
}

/// Makes the command that runs a script of scripts/browser with the paths of Playwright and Chromium. Installs both if
/// they are missing.
pub(crate) fn script(name: &str) -> Result<Command, String> {
    let node = find_program("node").ok_or(npm::REMEDY)?;
    let (chromium, playwright) = (chromium()?, npm::fetch(PLAYWRIGHT)?);
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/browser"));
    let mut command = Command::new(node);
    command.arg(folder.join(name)).args([playwright, chromium]);
    Ok(command)
}

/// The path of Chromium. If there is none, it is installed on Linux.
fn chromium() -> Result<PathBuf, String> {
    if let Some(program) = env::var_os("CHROMIUM").filter(|program| !program.is_empty()) {
        return Ok(program.into());
    }
    let find = || PROGRAMS.iter().find_map(|program| find_program(program));
    if let Some(program) = find() {
        return Ok(program);
    }
    let remedy = "set CHROMIUM to the program of a Chromium or Chrome";
    if !cfg!(target_os = "linux") {
        return Err(format!("no Chromium found; {remedy}"));
    }
    println!("xtask: no Chromium found; installing it");
    install(|manager| manager.chromium).map_err(|error| format!("{error}; or {remedy}"))?;
    find().ok_or(format!("Chromium is installed, but not found in PATH; {remedy}"))
}
