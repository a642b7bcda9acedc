//! Every shader through Tint, by way of Dawn for Node.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, cargo, check};

/// The npm package of Dawn for Node.
const DAWN: &str = "webgpu@0.6.2";

pub(crate) fn run() -> Outcome {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folder = root.join("target/tint");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if !folder.join("node_modules/webgpu").exists() {
        println!("xtask: fetching {DAWN} from npm into target/tint");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(DAWN);
        check(&mut npm)?;
    }
    let modules = folder.join("modules");
    let file = File::create(&modules).map_err(|error| format!("{}: {error}", modules.display()))?;
    check(cargo(&["run", "--quiet", "--example", "print_wgsl"]).stdout(file))?;
    check(Command::new("node").arg(root.join("scripts/tint.mjs")).arg(&folder).arg(&modules))
}
