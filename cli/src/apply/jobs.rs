//! Which files belong together, checked before any work.

use std::collections::HashSet;
use std::path::{Path, PathBuf, is_separator};

use super::Arguments;
use super::source::Place;
use crate::Outcome;
use crate::output::Destination;

/// One file to compute.
pub(super) struct Job {
    pub(super) x: Place,
    pub(super) dy: Option<Place>,
    /// None if nothing has a name that tells it.
    pub(super) format: Option<Format>,
    pub(super) destination: Destination,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Format {
    Npy,
    Safetensors,
}

impl Format {
    fn of(path: &Path) -> Outcome<Self> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("npy") => Ok(Format::Npy),
            Some("safetensors") => Ok(Format::Safetensors),
            _ => Err(format!(
                "{}: its name ends neither in .npy nor in .safetensors",
                path.display()
            )
            .into()),
        }
    }

    /// The format of a file that begins with these bytes. As the length at the start of a `.safetensors` file, the
    /// magic bytes of `.npy` would be beyond the format's limit.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        // A pipe can give fewer bytes than these.
        let is_npy = bytes.iter().zip(b"\x93NUM").all(|(byte, magic)| byte == magic);
        if is_npy && !bytes.is_empty() { Format::Npy } else { Format::Safetensors }
    }
}

pub(super) fn of(arguments: &Arguments) -> Outcome<Vec<Job>> {
    let Arguments { inputs, output, gradient, .. } = arguments;
    if !output.is_dir() {
        let names_folder = output.to_string_lossy().ends_with(is_separator);
        return match &**inputs {
            [x] if !names_folder => Ok(vec![job(arguments, x, gradient.clone(), output)?]),
            _ => Err(format!(
                "{}: there is no such folder for the results; create it",
                output.display()
            )
            .into()),
        };
    }
    let mut names = HashSet::new();
    let mut jobs = Vec::new();
    for x in inputs {
        let name = match (Place::new(x), x.file_name()) {
            (Place::File(_), Some(name)) => name,
            _ => {
                return Err(
                    format!("{}: has no name for its result in a folder", x.display()).into()
                );
            }
        };
        if !names.insert(name) {
            return Err(format!(
                "{}: an earlier file has the same name in the folder",
                x.display()
            )
            .into());
        }
        let dy = match gradient {
            Some(folder) if folder.is_dir() => Some(folder.join(name)),
            Some(dy) if inputs.len() > 1 => {
                return Err(format!(
                    "{}: is no folder, which the gradients of several files need",
                    dy.display()
                )
                .into());
            }
            dy => dy.clone(),
        };
        jobs.push(job(arguments, x, dy, &output.join(name))?);
    }
    Ok(jobs)
}

fn job(arguments: &Arguments, x: &Path, dy: Option<PathBuf>, output: &Path) -> Outcome<Job> {
    let to = Place::new(output);
    let mut format = None;
    let named = [Some(x), Some(output), dy.as_deref()].into_iter().flatten();
    for path in named.filter(|path| Place::new(path) != Place::Stdin) {
        let of_path = Format::of(path)?;
        let (first, before) = *format.get_or_insert((path, of_path));
        if of_path != before {
            let (first, path) = (first.display(), path.display());
            return Err(
                format!("{first} and {path} are of different kinds; name both alike").into()
            );
        }
    }
    let (x, dy) = (Place::new(x), dy.as_deref().map(Place::new));
    if dy == Some(Place::Stdin) {
        if x == Place::Stdin {
            return Err("x and dy cannot both be the standard input; name one of them".into());
        }
        if let Some((_, Format::Safetensors)) = format {
            return Err("the tensors of dy are read by name, so dy cannot be the standard input; \
                        name a file"
                .into());
        }
    }
    let destination = match to {
        Place::Stdin => Destination::stdout()?,
        Place::File(path) => Destination::file(&path, arguments.force)?,
    };
    Ok(Job { x, dy, format: format.map(|(_, format)| format), destination })
}
