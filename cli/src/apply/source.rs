//! Files and the standard input, to be read from their start to their end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Stdin};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::Outcome;

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Stdin,
    File(PathBuf),
}

impl Place {
    /// `-` is the standard input.
    pub(super) fn new(path: &Path) -> Self {
        if path == Path::new("-") { Place::Stdin } else { Place::File(path.to_owned()) }
    }
}

/// An opened place.
pub(super) struct Input {
    /// For messages.
    pub(super) name: String,
    pub(super) reader: BufReader<Reader>,
    /// The number of bytes, which pipes do not have.
    pub(super) size: Option<u64>,
}

impl Input {
    pub(super) fn open(place: &Place) -> Outcome<Self> {
        let (name, reader, size) = match place {
            Place::Stdin => ("standard input".to_owned(), Reader::Stdin(io::stdin()), None),
            Place::File(path) => {
                let name = path.display().to_string();
                if path.is_dir() {
                    return Err(format!("{name}: is a folder").into());
                }
                let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
                let size = file.metadata().ok().filter(|about| about.is_file());
                (name, Reader::File(file), size.map(|about| about.len()))
            }
        };
        Ok(Input { name, reader: BufReader::with_capacity(1 << 16, reader), size })
    }

    /// The first bytes, which stay unread; none if there are none.
    pub(super) fn first_bytes(&mut self) -> Outcome<&[u8]> {
        let Input { name, reader, .. } = self;
        Ok(reader.fill_buf().map_err(|error| format!("{name}: {error}"))?)
    }

    /// Whether nothing is left. This waits for the writer of a pipe.
    pub(super) fn is_at_end(&mut self) -> Outcome<bool> {
        Ok(self.first_bytes()?.is_empty())
    }
}

pub(super) enum Reader {
    File(File),
    Stdin(Stdin),
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reader::File(file) => file.read(buffer),
            Reader::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

impl io::Seek for Reader {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        match self {
            Reader::File(file) => file.seek(position),
            Reader::Stdin(_) => Err(ErrorKind::NotSeekable.into()),
        }
    }
}

/// Reads a number of bytes that must be there, and advances the bar.
pub(super) struct Source<'a, R> {
    name: &'a str,
    reader: R,
    left: u64,
    bar: Option<&'a ProgressBar>,
}

impl<'a, R: Read> Source<'a, R> {
    pub(super) fn new(name: &'a str, reader: R, left: u64, bar: Option<&'a ProgressBar>) -> Self {
        Source { name, reader, left, bar }
    }
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.name));
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
