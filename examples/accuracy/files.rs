//! Results in files: f32, little-endian, in the order of the inputs.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::Outcome;

/// The folder's title, or else its name.
pub(crate) fn title(folder: &Path) -> Outcome<String> {
    if !folder.is_dir() {
        return Err(
            format!("{} is no folder; give one with results in it", folder.display()).into()
        );
    }
    let about = fs::read_to_string(folder.join("about.txt")).unwrap_or_default();
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    Ok(about.lines().next().unwrap_or(&name).to_owned())
}

/// The results of one activation, values and gradients. Either may be missing.
pub(crate) struct Outputs([Option<File>; 2]);

impl Outputs {
    /// Each existing file must have `count` results.
    pub(crate) fn open(folder: &Path, name: &str, count: u64) -> Outcome<Self> {
        let open = |what: &str| -> Outcome<Option<File>> {
            let path = folder.join(format!("{name}.{what}.f32"));
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(format!("{}: {error}", path.display()).into()),
            };
            let length = file.metadata()?.len();
            if length != 4 * count {
                let path = path.display();
                return Err(format!(
                    "{path} has {length} bytes, not the {} of {count} results; give the --stride it was \
                     made with",
                    4 * count
                )
                .into());
            }
            Ok(Some(file))
        };
        Ok(Outputs([open("forward")?, open("gradient")?]))
    }

    /// The next `count` results, or none if the file is missing.
    pub(crate) fn next(&mut self, count: usize) -> Outcome<[Vec<f32>; 2]> {
        let read = |file: &mut Option<File>| -> Outcome<Vec<f32>> {
            let Some(file) = file else { return Ok(Vec::new()) };
            let mut bytes = vec![0; 4 * count];
            file.read_exact(&mut bytes)?;
            let words = bytes.chunks_exact(4);
            Ok(words.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        };
        let [forward, gradient] = &mut self.0;
        Ok([read(forward)?, read(gradient)?])
    }
}
