//! NumPy's `.npy` files.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use npyz::{DType, NpyHeader, Order, WriteOptions, WriterBuilder};

use super::engine::Engine;
use super::source::{self, Source};
use super::{Arguments, Summary};
use crate::output::Output;
use crate::{Outcome, progress};

pub(super) fn apply(
    arguments: &Arguments,
    open: impl FnOnce() -> Outcome<Engine>,
) -> Outcome<Summary> {
    let x = Array::open(&arguments.input)?;
    let dy = arguments.gradient.as_deref().map(Array::open).transpose()?;
    if let Some(dy) = &dy {
        x.must_match(dy)?;
    }
    let mut out = Output::create(&arguments.output, arguments.force)?;
    let mut engine = open()?;

    let float = DType::Plain("<f4".parse()?);
    WriteOptions::new_header_only()
        .shape(x.header.shape())
        .order(x.header.order())
        .dtype(float)
        .writer(&mut out)
        .write_header_only()?;
    let bar = progress::bytes(4 * x.header.len());
    let dy = dy.map(|dy| dy.numbers(None));
    let elements = engine.stream(x.numbers(Some(&bar)), dy, &mut out)?;
    bar.finish_and_clear();
    out.finish()?;
    Ok(Summary { elements, remark: String::new() })
}

/// An array in a file, read up to its numbers.
struct Array<'p> {
    path: &'p Path,
    header: NpyHeader,
    kind: Kind,
    file: BufReader<File>,
}

impl<'p> Array<'p> {
    fn open(path: &'p Path) -> Outcome<Self> {
        let told = |what: String| format!("{}: {what}", path.display());
        let mut file = source::open(path)?;
        let header = NpyHeader::from_reader(&mut file)
            .map_err(|error| told(format!("not a .npy file ({error})")))?;
        let shape = header.shape();
        // npyz multiplies unchecked.
        let elements = shape.iter().try_fold(1u64, |product, &axis| product.checked_mul(axis));
        let Some(elements) = elements.filter(|elements| elements.checked_mul(8).is_some()) else {
            return Err(told(format!("shape {shape:?} is larger than any file")).into());
        };
        let kind = Kind::of(&header.dtype()).ok_or_else(|| {
            told(format!(
                "its numbers are {}, which cannot be read as float32; convert them first: np.save(f, \
                 a.astype('f4'))",
                header.dtype().descr()
            ))
        })?;
        if let (Some(size), Ok(data)) = (source::size(&file), file.stream_position()) {
            let held = (size - data.min(size)) / kind.bytes as u64;
            if held < elements {
                return Err(
                    told(format!("the file ends after {held} of {elements} numbers")).into()
                );
            }
        }
        if kind.decode.is_some() {
            eprintln!(
                "note: {}: {} is read as float32",
                path.display(),
                header.dtype().descr().trim_matches('\'')
            );
        }
        Ok(Array { path, header, kind, file })
    }

    /// Whether the numbers of both files have the same order.
    fn must_match(&self, dy: &Array<'_>) -> Outcome<()> {
        let (x_path, dy_path) = (self.path.display(), dy.path.display());
        let (x, dy) = (&self.header, &dy.header);
        if x.shape() != dy.shape() {
            return Err(format!(
                "{dy_path} has shape {:?}, but {x_path} has {:?}; they must be equal",
                dy.shape(),
                x.shape()
            )
            .into());
        }
        // With a single axis longer than 1, both orders are the same.
        let flat = x.shape().iter().filter(|&&axis| axis > 1).count() <= 1;
        if x.order() != dy.order() && !flat {
            return Err(format!(
                "{dy_path} is stored in {} order, but {x_path} in {}; save both alike: np.save(f, \
                 np.ascontiguousarray(a))",
                name(dy.order()),
                name(x.order())
            )
            .into());
        }
        Ok(())
    }

    /// The numbers as f32, as they are stored.
    fn numbers<'a>(self, bar: Option<&'a indicatif::ProgressBar>) -> Box<dyn Read + Send + 'a>
    where
        'p: 'a,
    {
        let Array { path, header, kind, file } = self;
        let bytes = header.len() * kind.bytes as u64;
        match kind.decode {
            None => Box::new(Source::new(path, file, bytes, bar)),
            Some(decode) => {
                let raw = Source::new(path, file, bytes, None);
                let left = header.len();
                let numbers =
                    Decoded { raw, bytes: kind.bytes, decode, left, ready: Vec::new(), taken: 0 };
                Box::new(Source::new(path, numbers, 4 * header.len(), bar))
            }
        }
    }
}

fn name(order: Order) -> &'static str {
    match order {
        Order::C => "C",
        Order::Fortran => "Fortran",
    }
}

/// A kind of number.
struct Kind {
    bytes: usize,
    /// The conversion to f32, if it is another type.
    decode: Option<fn(&[u8]) -> f32>,
}

impl Kind {
    fn of(dtype: &DType) -> Option<Self> {
        let DType::Plain(kind) = dtype else {
            return None;
        };
        macro_rules! kinds {
            ($($code:literal: $number:ty => $to_f32:expr),+ $(,)?) => {
                match kind.to_string().as_str() {
                    "<f4" if cfg!(target_endian = "little") => {
                        return Some(Kind { bytes: 4, decode: None });
                    }
                    $(
                        concat!("<", $code) | concat!("|", $code) => {
                            let decode: fn(&[u8]) -> f32 = |bytes| {
                                let bytes = bytes.try_into().unwrap_or_default();
                                $to_f32(<$number>::from_le_bytes(bytes))
                            };
                            Some((size_of::<$number>(), decode))
                        }
                        concat!(">", $code) => {
                            let decode: fn(&[u8]) -> f32 = |bytes| {
                                let bytes = bytes.try_into().unwrap_or_default();
                                $to_f32(<$number>::from_be_bytes(bytes))
                            };
                            Some((size_of::<$number>(), decode))
                        }
                    )+
                    _ => None,
                }
            };
        }
        let (bytes, decode) = kinds! {
            "f4": f32 => |x| x,
            "f8": f64 => |x| x as f32,
            "f2": npyz::half::f16 => npyz::half::f16::to_f32,
            "b1": u8 => |x| if x == 0 { 0.0 } else { 1.0 },
            "u1": u8 => f32::from,
            "i1": i8 => f32::from,
            "u2": u16 => f32::from,
            "i2": i16 => f32::from,
            "u4": u32 => |x| x as f32,
            "i4": i32 => |x| x as f32,
            "u8": u64 => |x| x as f32,
            "i8": i64 => |x| x as f32,
        }?;
        Some(Kind { bytes, decode: Some(decode) })
    }
}

/// f32 from a reader of numbers of another kind.
struct Decoded<R> {
    raw: R,
    bytes: usize,
    decode: fn(&[u8]) -> f32,
    /// Numbers still to be read.
    left: u64,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Decoded<R> {
    fn refill(&mut self) -> std::io::Result<()> {
        let count = self.left.min(1 << 16) as usize;
        let mut raw = vec![0; count * self.bytes];
        self.raw.read_exact(&mut raw)?;
        self.left -= count as u64;
        self.taken = 0;
        self.ready.clear();
        for number in raw.chunks_exact(self.bytes) {
            self.ready.extend((self.decode)(number).to_ne_bytes());
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.ready.len() && self.left > 0 {
            self.refill()?;
        }
        let mut rest = &self.ready[self.taken..];
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}
