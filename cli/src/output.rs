//! A file that is written completely or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::Outcome;

/// A file that is written under a temporary name in its folder. If it is dropped before [`Output::finish`], it leaves
/// nothing.
pub(crate) struct Output {
    file: BufWriter<File>,
    temporary: TempPath,
    path: PathBuf,
    replace: bool,
}

impl Output {
    /// Starts the file `path`. An existing file is an error, unless it may be replaced.
    pub(crate) fn create(path: &Path, replace: bool) -> Outcome<Self> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        match fs::metadata(path) {
            Err(_) => {}
            // Renaming a file over a device, for example, would destroy the device.
            Ok(there) if !there.is_file() => return Err(told(&"is there, and is no file").into()),
            Ok(_) if !replace => {
                return Err(told(&"is there already; --force replaces it").into());
            }
            Ok(_) => {}
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if path.file_name().is_none() {
            return Err(told(&"names no file").into());
        }
        let (file, temporary) = temporary_in(folder).map_err(|error| told(&error))?.into_parts();
        Ok(Output { file: BufWriter::new(file), temporary, path: path.to_owned(), replace })
    }

    /// Puts the file in its place.
    pub(crate) fn finish(self) -> Outcome<()> {
        let Output { file, temporary, path, replace } = self;
        let told = |error: io::Error| format!("{}: {error}", path.display());
        // A full disk may report its error only now.
        let file = file.into_inner().map_err(|error| told(error.into_error()))?;
        file.sync_all().map_err(told)?;
        drop(file);
        let placed = match replace {
            true => temporary.persist(&path),
            // Another program may have made the file meanwhile.
            false => temporary.persist_noclobber(&path),
        };
        placed.map_err(|error| told(error.error).into())
    }
}

impl Output {
    fn told(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| self.told(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| self.told(error))
    }
}

/// With the permissions of any new file. tempfile's files are only for their owner.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wgpu-relu-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
