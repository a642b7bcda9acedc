//! The file that keeps the state between two starts of the window.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::window::Outcome;

/// The text of the last start, if there was one.
pub(crate) fn read() -> Option<String> {
    fs::read_to_string(path()?).ok()
}

/// Writes the state as text.
pub(crate) fn save(text: &str) -> Outcome<()> {
    let file = path().ok_or("there is no folder for settings; set HOME")?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, text)?)
}

/// In the system's folder for settings.
fn path() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        set("APPDATA")?
    } else if cfg!(target_os = "macos") {
        env::home_dir()?.join("Library/Application Support")
    } else {
        set("XDG_CONFIG_HOME").or_else(|| Some(env::home_dir()?.join(".config")))?
    };
    Some(folder.join("wgpu-relu").join("explorer.txt"))
}
