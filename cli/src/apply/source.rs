//! A file to read, whose length is known beforehand.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use indicatif::ProgressBar;

use crate::{Outcome, progress};

pub(super) fn open(path: &Path) -> Outcome<BufReader<File>> {
    let told = |error: io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        return Err(format!("{}: is a folder", path.display()).into());
    }
    let file = File::open(path).map_err(told)?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// The bytes of a file, if it has a length. A pipe has none.
pub(super) fn size(file: &BufReader<File>) -> Option<u64> {
    file.get_ref().metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len())
}

/// Reads a number of bytes that must be there, advances the bar, and stops on request.
pub(super) struct Source<'a, R> {
    path: &'a Path,
    reader: R,
    left: u64,
    bar: Option<&'a ProgressBar>,
}

impl<'a, R: Read> Source<'a, R> {
    pub(super) fn new(path: &'a Path, reader: R, left: u64, bar: Option<&'a ProgressBar>) -> Self {
        Source { path, reader, left, bar }
    }
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        progress::go_on()?;
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        };
        let read = match self.reader.read(&mut buffer[..most]) {
            // Callers try again if they see this kind.
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            read => read.map_err(named)?,
        };
        if read == 0 {
            let missing = format!("the file ends {} bytes too early", self.left);
            return Err(named(io::Error::new(ErrorKind::UnexpectedEof, missing)));
        }
        self.left -= read as u64;
        if let Some(bar) = self.bar {
            bar.inc(read as u64);
        }
        Ok(read)
    }
}
