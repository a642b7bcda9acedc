//! Packages from npm, each in a folder of its own under target/.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::check;
use crate::driver::find_program;

pub(crate) const REMEDY: &str =
    "Node.js is not here; install version 18 or later, with npm, and try again";

/// The folder with `package`, a `name@version`, in its node_modules. The package is fetched if it is missing.
pub(crate) fn fetch(package: &str) -> Result<PathBuf, String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/npm")).join(package);
    let name = package.split('@').next().unwrap_or(package);
    if folder.join("node_modules").join(name).exists() {
        return Ok(folder);
    }
    // On Windows npm is a script.
    let npm = find_program("npm").or_else(|| find_program("npm.cmd")).ok_or(REMEDY)?;
    println!("xtask: fetching {package} from npm into target/npm");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut npm = Command::new(npm);
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(package);
    check(&mut npm)?;
    Ok(folder)
}
