//! The kernels by AMD's compiler: the package isa/, and Mesa's RADV for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::cargo;
use crate::driver::{install, quiet};

const REMEDY: &str = "install Mesa's Vulkan driver for AMD cards, 22.3 or newer, and name its radeon_icd.*.json in \
                      VK_ICD_FILENAMES where it is not in /usr/share/vulkan/icd.d";

/// The program, with the environment in which RADV compiles for a card that is not there.
pub(crate) fn command(family: Option<String>, arguments: &[String]) -> Result<Command, String> {
    if !cfg!(target_os = "linux") {
        return Err("isa is for Linux, which has Mesa's driver for AMD cards".to_owned());
    }
    let icd = match env::var_os("VK_ICD_FILENAMES").filter(|named| !named.is_empty()) {
        Some(named) => named,
        None => provide()?.into(),
    };
    let mut command = cargo(&["run", "--quiet", "--package", "isa", "--"]);
    command.args(arguments).envs(quiet());
    // The older name of the variable and the newer one.
    command.env("VK_ICD_FILENAMES", &icd).env("VK_DRIVER_FILES", &icd);
    command.env("RADV_FORCE_FAMILY", family.as_deref().unwrap_or("navi21"));
    // Out of a cache, a pipeline has no assembly.
    command
        .env("MESA_SHADER_CACHE_DISABLE", "true")
        .env_remove("RADV_DEBUG")
        .env_remove("RADV_PERFTEST");
    Ok(command)
}

/// The driver's manifest; installed where it is missing.
fn provide() -> Result<PathBuf, String> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    println!("xtask: Mesa's driver for AMD cards (RADV) not found; installing it");
    install(|manager| manager.radv).map_err(|error| format!("{error}; {REMEDY}"))?;
    installed().ok_or(format!("RADV is installed, but its manifest is not found; {REMEDY}"))
}

fn installed() -> Option<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    folders.iter().find_map(|folder| manifest(Path::new(folder)))
}

/// Distributions add the machine to the name: radeon_icd.json, radeon_icd.x86_64.json.
fn manifest(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(|file| Some(file.ok()?.path()));
    let mut found: Vec<PathBuf> = files
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let machine =
                name.strip_prefix("radeon_icd.").and_then(|rest| rest.strip_suffix("json"));
            machine.is_some_and(|machine| {
                machine.is_empty() || machine == format!("{}.", env::consts::ARCH)
            })
        })
        .collect();
    found.sort();
    found.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_that_of_this_machine() {
        let folder = env::temp_dir().join(format!("xtask-isa-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let here = format!("radeon_icd.{}.json", env::consts::ARCH);
        for name in ["lvp_icd.json", "radeon_icd.i686.json", "radeon_icd.json.bak"] {
            fs::write(folder.join(name), "").expect("a file");
        }
        assert_eq!(manifest(&folder), None);
        for name in [here.as_str(), "radeon_icd.json"] {
            fs::write(folder.join(name), "").expect("a file");
            assert_eq!(manifest(&folder), Some(folder.join(name)), "{name}");
            fs::remove_file(folder.join(name)).expect("the file");
        }
        fs::remove_dir_all(&folder).expect("the folder");
    }
}
