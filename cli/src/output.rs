//! A file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::Outcome;

/// A file being written under a temporary name in its folder. Dropped before [`Output::finish`], it leaves
/// nothing.
pub(crate) struct Output {
    file: BufWriter<File>,
    temporary: TempPath,
    path: PathBuf,
    replace: bool,
}

impl Output {
    /// Starts `path`, which may be there already only if it is to be replaced.
    pub(crate) fn create(path: &Path, replace: bool) -> Outcome<Self> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        match fs::metadata(path) {
            Err(_) => {}
            // A device, say: renaming a file over it would destroy it.
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
        // A full disk may tell only now.
        let file = file.into_inner().map_err(|error| told(error.into_error()))?;
        file.sync_all().map_err(told)?;
        drop(file);
        let placed = match replace {
            true => temporary.persist(&path),
            // Someone else may have made it meanwhile.
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

/// With the permissions of any new file, where tempfile's would be the owner's only.
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
