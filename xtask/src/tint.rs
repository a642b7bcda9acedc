//! Compiles every shader by Tint, through Dawn for Node.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, cargo, check, npm};

/// The npm package of Dawn for Node.
const DAWN: &str = "webgpu@0.6.2";

pub(crate) fn run() -> Outcome {
    let folder = npm::fetch(DAWN)?;
    let modules = folder.join("modules");
    let file = File::create(&modules).map_err(|error| format!("{}: {error}", modules.display()))?;
    check(cargo(&["run", "--quiet", "--example", "wgsl", "--", "--json"]).stdout(file))?;
    let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/tint.mjs"));
    check(Command::new("node").arg(script).arg(&folder).arg(&modules))
}
