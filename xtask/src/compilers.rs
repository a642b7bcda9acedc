//! Runs the package compilers/, which compiles the activations by clang with many flags, and finds a clang for it.

use std::env;
use std::process::Command;

use crate::cargo;
use crate::driver::{find_program, install};

const REMEDY: &str = "install LLVM's clang (https://releases.llvm.org, or a package of your system), and name it in CXX \
                      where it is not in PATH as clang++";

/// The command, with a clang of this machine. If there is none, it is installed on Linux.
pub(crate) fn command(arguments: &[String]) -> Result<Command, String> {
    let mut command = cargo(&["run", "--release", "--package", "compilers", "--"]);
    command.args(arguments);
    let is_chosen = |argument: &String| argument.starts_with("--compiler") || argument == "--help";
    if !arguments.iter().any(is_chosen) {
        command.env("CXX", clang()?);
    }
    Ok(command)
}

/// A clang that is here, or is installed now.
pub(crate) fn clang() -> Result<String, String> {
    if let Some(named) = env::var_os("CXX").filter(|value| !value.is_empty()) {
        let named = named.to_string_lossy().into_owned();
        return match is_clang(&named) {
            true => Ok(named),
            false => Err(format!("CXX is {named:?}, which is not a clang; {REMEDY}")),
        };
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    if !cfg!(target_os = "linux") {
        return Err(format!("there is no clang++; {REMEDY}"));
    }
    println!("xtask: no clang++ found; installing it");
    install(|manager| manager.clang).map_err(|error| format!("{error}; {REMEDY}"))?;
    installed().ok_or(format!("clang is installed, but there is no clang++; {REMEDY}"))
}

/// A clang in PATH; Debian's packages of one version add the number.
fn installed() -> Option<String> {
    let numbered = (14..=30).rev().map(|version| format!("clang++-{version}"));
    let mut names = std::iter::once("clang++".to_owned()).chain(numbered);
    names.find(|name| find_program(name).is_some() && is_clang(name))
}

fn is_clang(name: &str) -> bool {
    let version = Command::new(name).arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("clang"))
}
