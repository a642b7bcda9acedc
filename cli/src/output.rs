//! Results in files or on the standard output. A file is written completely or not at all.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

use crate::Outcome;

/// The temporary files that were started and not finished. A file that was removed after an error stays in the list,
/// because nobody minds if it is removed once more.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the unfinished files. While the caller keeps the result, no file can be started or finished.
pub(crate) fn remove_unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    let paths = unfinished();
    for path in paths.iter() {
        let _ = fs::remove_file(path);
    }
    paths
}

/// A place for a result, checked before the work begins.
pub(crate) enum Destination {
    Stdout,
    File {
        /// The path as the user gave it.
        name: PathBuf,
        /// The file that links lead to.
        path: PathBuf,
        /// The file that is replaced.
        old: Option<Box<fs::Metadata>>,
    },
}

impl Destination {
    /// The standard output, unless it is a terminal, which would show bytes as text.
    pub(crate) fn stdout() -> Outcome<Self> {
        if io::stdout().is_terminal() {
            return Err("the result is binary data, and the standard output is a terminal; redirect it, or name a \
                        file"
                .into());
        }
        Ok(Destination::Stdout)
    }

    /// The file `name`. An existing file is an error, unless it may be replaced.
    pub(crate) fn file(name: &Path, replace: bool) -> Outcome<Self> {
        let wrong = |what: &dyn Display| -> Outcome<Self> {
            Err(format!("{}: {what}", name.display()).into())
        };
        let path = match fs::symlink_metadata(name) {
            Ok(there) if there.is_symlink() => match fs::canonicalize(name) {
                Ok(path) => path,
                Err(error) => {
                    return wrong(&format_args!(
                        "is a link that leads nowhere ({error}); remove it, or name its target"
                    ));
                }
            },
            _ => name.to_owned(),
        };
        let old = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return wrong(&error),
            // Renaming a file over a device, for example, would destroy the device.
            Ok(there) if !there.is_file() => return wrong(&"is there, and is no file"),
            Ok(_) if !replace => return wrong(&"is there already; --force replaces it"),
            Ok(there) => match OpenOptions::new().write(true).open(&path) {
                Ok(_) => Some(Box::new(there)),
                Err(error) => return wrong(&error),
            },
        };
        if name.to_string_lossy().ends_with(std::path::is_separator) || name.file_name().is_none() {
            return wrong(&"names a folder that is not there; create it");
        }
        if !folder(&path).is_dir() {
            return wrong(&format_args!(
                "there is no folder {}; create it",
                folder(&path).display()
            ));
        }
        Ok(Destination::File { name: name.to_owned(), path, old })
    }

    /// Starts to write. A file has a temporary name in its folder until [`Output::finish`].
    pub(crate) fn start(self) -> Outcome<Output> {
        let (name, path, old) = match self {
            Destination::Stdout => {
                let out = BufWriter::with_capacity(1 << 16, io::stdout());
                return Ok(Output::Stdout(out));
            }
            Destination::File { name, path, old } => (name, path, old),
        };
        let told = |error: io::Error| format!("{}: {error}", name.display());
        let mut unfinished = unfinished();
        let temporary = temporary_in(folder(&path), old.as_deref()).map_err(told)?;
        unfinished.push(temporary.path().to_owned());
        let (file, temporary) = temporary.into_parts();
        let file = BufWriter::new(file);
        Ok(Output::File { file, temporary, name, path, replace: old.is_some() })
    }
}

impl Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Stdout => f.write_str("standard output"),
            Destination::File { name, .. } => write!(f, "{}", name.display()),
        }
    }
}

/// A result that is being written. A file that is dropped before [`Output::finish`] leaves nothing.
pub(crate) enum Output {
    Stdout(BufWriter<Stdout>),
    File { file: BufWriter<File>, temporary: TempPath, name: PathBuf, path: PathBuf, replace: bool },
}

impl Output {
    /// Completes the result: a file appears under its name.
    pub(crate) fn finish(mut self) -> Outcome<()> {
        // A full disk may report its error only now.
        self.flush()?;
        let Output::File { file, temporary, name, path, replace } = self else {
            return Ok(());
        };
        let told = |error: io::Error| format!("{}: {error}", name.display());
        file.get_ref().sync_all().map_err(told)?;
        // Windows renames no open file.
        drop(file);
        let mut unfinished = unfinished();
        let own = temporary.to_path_buf();
        let placed = match replace {
            true => temporary.persist(&path),
            // Another program may have made the file meanwhile.
            false => temporary.persist_noclobber(&path),
        };
        unfinished.retain(|path| *path != own);
        placed.map_err(|error| told(error.error).into())
    }

    fn told(&self, error: io::Error) -> io::Error {
        match self {
            // `main` takes a broken pipe as success, because the reader of a table may have seen enough. A result that
            // is cut off is an error.
            Output::Stdout(_) if error.kind() == ErrorKind::BrokenPipe => {
                io::Error::other(format!("standard output: {error}"))
            }
            Output::Stdout(_) => io::Error::new(error.kind(), format!("standard output: {error}")),
            Output::File { name, .. } => {
                io::Error::new(error.kind(), format!("{}: {error}", name.display()))
            }
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Output::Stdout(out) => out,
            Output::File { file, .. } => file,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes).map_err(|error| self.told(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush().map_err(|error| self.told(error))
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A new file in `folder`, with the owner and the permissions of the file that it will replace, or of any new file.
/// tempfile's files are only for their owner.
fn temporary_in(folder: &Path, old: Option<&fs::Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wgpu-relu-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        match old {
            None => {
                builder.permissions(fs::Permissions::from_mode(0o666));
            }
            Some(old) => {
                let temporary = builder.tempfile_in(folder)?;
                let file = temporary.as_file();
                let (owner, group) = (Some(old.uid()), Some(old.gid()));
                // Only the superuser may give a file to another user. Members of the group may give it to the group.
                if fchown(file, owner, group).is_err() {
                    let _ = fchown(file, None, group);
                }
                // Changing the owner can change the permissions, so they come last.
                file.set_permissions(old.permissions())?;
                return Ok(temporary);
            }
        }
    }
    #[cfg(not(unix))]
    let _ = old;
    builder.tempfile_in(folder)
}
