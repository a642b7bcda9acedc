//! Runs tests under Vulkan's validation layer, and fails at its first word.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, cargo, debian};

/// The folder that the layer is unpacked to. It is not installed, because wgpu would then load it in every debug build.
fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/validation")).to_owned()
}

/// Unpacks the layer from Debian's package, if it is not there yet. Returns the folder of its manifest.
fn provide() -> Result<PathBuf, String> {
    let manifests = folder().join("usr/share/vulkan/explicit_layer.d");
    let manifest = manifests.join("VkLayer_khronos_validation.json");
    if manifest.exists() {
        return Ok(manifests);
    }
    println!(
        "xtask: fetching the validation layer (Debian's vulkan-validationlayers) into target/validation"
    );
    debian::refresh()?;
    debian::unpack(&["vulkan-validationlayers"], &folder())?;
    // The manifest names a library of the system, and the library lies beside it.
    let told = |error| format!("{}: {error}", folder().display());
    let name = "libVkLayer_khronos_validation.so";
    let mut libraries = fs::read_dir(folder().join("usr/lib")).map_err(told)?;
    let library = libraries.find_map(|folder| {
        let path = folder.ok()?.path().join(name);
        fs::canonicalize(path).ok()
    });
    let library = library.ok_or(format!("Debian's package has no {name}"))?;
    let text = fs::read_to_string(&manifest).map_err(told)?;
    let text = text.replace(&format!("\"{name}\""), &format!("\"{}\"", library.display()));
    fs::write(&manifest, text).map_err(told)?;
    Ok(manifests)
}

/// The variables that make wgpu load the layer, and the layer print to stdout.
pub(crate) fn environment() -> Result<Vec<(&'static str, String)>, String> {
    let manifests = provide()?;
    let settings = folder().join("vk_layer_settings.txt");
    let text = "khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG\n\
                khronos_validation.log_filename = stdout\n\
                khronos_validation.report_flags = error,warn\n";
    fs::write(&settings, text).map_err(|error| format!("{}: {error}", settings.display()))?;
    Ok(vec![
        ("VK_LAYER_PATH", manifests.display().to_string()),
        ("VK_LAYER_SETTINGS_PATH", settings.display().to_string()),
        ("WGPU_VALIDATION", "1".to_owned()),
        // With names and sources of shaders, SPIR-V names its source language, WGSL. The layer of 2023 does not know it.
        ("WGPU_DEBUG", "0".to_owned()),
    ])
}

/// Checks that wgpu loads the layer, since without it everything is silent.
pub(crate) fn check_loaded(environment: &[(&'static str, String)]) -> Outcome {
    let mut devices = cargo(&["run", "--quiet", "--example", "devices"]);
    devices.envs(environment.iter().cloned()).env("VK_LOADER_DEBUG", "layer");
    let output = devices.output().map_err(|error| format!("{error}: {devices:?}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let is_inserted = |line: &str| {
        line.to_lowercase().contains("insert") && line.contains("VK_LAYER_KHRONOS_validation")
    };
    match text.lines().any(is_inserted) {
        true => Ok(()),
        false => Err(format!("wgpu does not load the validation layer:\n{text}")),
    }
}

/// Whether a line of output is the layer's.
fn is_message(line: &str) -> bool {
    ["VUID-", "UNASSIGNED-", "Validation Error", "Validation Warning", "Validation Performance"]
        .iter()
        .any(|start| line.contains(start))
}

/// Runs tests and prints what they print. Fails if they fail, or if the layer said anything.
pub(crate) fn run(mut tests: Command) -> Outcome {
    tests.stdout(Stdio::piped());
    let mut child = tests.spawn().map_err(|error| format!("{error}: {tests:?}"))?;
    let mut messages = 0;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| error.to_string())?;
            let line = String::from_utf8_lossy(&line);
            messages += usize::from(is_message(&line));
            println!("{line}");
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    match (messages, status.success()) {
        (0, true) => Ok(()),
        (0, false) => Err(format!("{status}: {tests:?}")),
        (messages, _) => {
            Err(format!("the validation layer printed {messages} messages; see above"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_the_output_of_tests() {
        for line in [
            "VUID-VkShaderModuleCreateInfo-pCode-01379(ERROR / SPEC): msgNum: 706474367 - Validation Error: [ … ]",
            "UNASSIGNED-GeneralParameterError-RequiredParameter(ERROR / SPEC): …",
        ] {
            assert!(is_message(line), "{line}");
        }
        for line in ["test errors::lengths_that_differ ... ok", "running 120 tests", ""] {
            assert!(!is_message(line), "{line}");
        }
    }
}
