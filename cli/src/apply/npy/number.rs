//! The types of numbers in `.npy` files, and their conversion to a type that the device computes.

use std::io::{self, Read};

use wgpu_relu::ElementType;
use wgpu_relu::half::{bf16, f16};

/// A type of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    kind: Kind,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    F16,
    Bf16,
    F32,
    F64,
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
}

/// The texts of each type that NumPy's `dtype` takes. The letters can have a byte order before them, the names cannot.
/// `l` and `L` are C's `long`, which Windows has with 4 bytes.
const TYPES: &[(Kind, &[&str], &[&str])] = &[
    (Kind::F16, &["f2", "e"], &["float16", "half"]),
    (Kind::F32, &["f4", "f"], &["float32", "single"]),
    (Kind::F64, &["f8", "d"], &["float64", "double", "float"]),
    (Kind::Bool, &["b1", "?"], &["bool", "bool_"]),
    (Kind::U8, &["u1", "B"], &["uint8", "ubyte"]),
    (Kind::I8, &["i1", "b"], &["int8", "byte"]),
    (Kind::U16, &["u2", "H"], &["uint16", "ushort"]),
    (Kind::I16, &["i2", "h"], &["int16", "short"]),
    (Kind::U32, &["u4", "I"], &["uint32", "uintc"]),
    (Kind::I32, &["i4", "i"], &["int32", "intc"]),
    (Kind::U64, &["u8", "Q", "P"], &["uint64", "ulonglong", "uint", "uintp"]),
    (Kind::I64, &["i8", "q", "p"], &["int64", "longlong", "int", "int_", "intp"]),
    (if cfg!(windows) { Kind::U32 } else { Kind::U64 }, &["L"], &["ulong"]),
    (if cfg!(windows) { Kind::I32 } else { Kind::I64 }, &["l"], &["long"]),
];

/// The types that can hold the bits of bf16, which NumPy does not have. ml_dtypes saves its bfloat16 as V2.
const OF_BF16: &[&str] = &["u2", "i2", "V2"];

impl Number {
    /// The type of this text, with bf16 in place of 16-bit integers if asked for.
    pub(super) fn of(descr: &str, bf16: bool) -> Option<Self> {
        let (letters, big_endian) = match descr.strip_prefix(['<', '>', '=', '|']) {
            Some(letters) => (Some(letters), descr.starts_with('>')),
            None => (None, false),
        };
        if bf16 && OF_BF16.contains(&letters.unwrap_or(descr)) {
            return Some(Number { kind: Kind::Bf16, big_endian });
        }
        let found = TYPES.iter().find(|(_, short, long)| match letters {
            Some(letters) => short.contains(&letters),
            None => short.contains(&descr) || long.contains(&descr),
        });
        // '=' and no order are this machine's order.
        let native_big_endian = cfg!(target_endian = "big") && !descr.starts_with('<');
        found.map(|&(kind, ..)| Number { kind, big_endian: big_endian || native_big_endian })
    }

    /// The type of the device that has the same values, if there is one.
    pub(super) fn element(self) -> Option<ElementType> {
        match self.kind {
            Kind::F32 => Some(ElementType::F32),
            Kind::F16 => Some(ElementType::F16),
            Kind::Bf16 => Some(ElementType::Bf16),
            _ => None,
        }
    }

    /// Bytes per number.
    pub(super) fn size(self) -> usize {
        match self.kind {
            Kind::Bool | Kind::U8 | Kind::I8 => 1,
            Kind::F16 | Kind::Bf16 | Kind::U16 | Kind::I16 => 2,
            Kind::F32 | Kind::U32 | Kind::I32 => 4,
            Kind::F64 | Kind::U64 | Kind::I64 => 8,
        }
    }

    /// Whether the bytes in the file are those of `element` on the device.
    pub(super) fn is_stored_as(self, element: ElementType) -> bool {
        self.element() == Some(element) && !self.big_endian
    }

    /// The conversion of one little-endian number.
    fn to_f32(self) -> fn(&[u8]) -> f32 {
        macro_rules! decode {
            ($number:ty, $to_f32:expr) => {
                |bytes: &[u8]| {
                    $to_f32(<$number>::from_le_bytes(bytes.try_into().unwrap_or_default()))
                }
            };
        }
        match self.kind {
            Kind::F16 => decode!(f16, f16::to_f32),
            Kind::Bf16 => decode!(bf16, bf16::to_f32),
            Kind::F32 => decode!(f32, f32::from),
            Kind::F64 => decode!(f64, |x| x as f32),
            Kind::Bool => decode!(u8, |x| if x == 0 { 0.0 } else { 1.0 }),
            Kind::U8 => decode!(u8, f32::from),
            Kind::I8 => decode!(i8, f32::from),
            Kind::U16 => decode!(u16, f32::from),
            Kind::I16 => decode!(i16, f32::from),
            Kind::U32 => decode!(u32, |x| x as f32),
            Kind::I32 => decode!(i32, |x| x as f32),
            Kind::U64 => decode!(u64, |x| x as f32),
            Kind::I64 => decode!(i64, |x| x as f32),
        }
    }
}

/// Elements from a reader of numbers of another type, or of another byte order.
pub(super) struct Converted<R> {
    raw: R,
    number: Number,
    element: ElementType,
    /// Numbers still to be read.
    left: u64,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Converted<R> {
    /// Numbers as `element`, which is their own type or f32.
    pub(super) fn new(raw: R, number: Number, element: ElementType, numbers: u64) -> Self {
        Converted { raw, number, element, left: numbers, ready: Vec::new(), taken: 0 }
    }

    fn refill(&mut self) -> io::Result<()> {
        let size = self.number.size();
        let count = self.left.min(1 << 16) as usize;
        let mut raw = vec![0; count * size];
        self.raw.read_exact(&mut raw)?;
        self.left -= count as u64;
        self.taken = 0;
        if self.number.big_endian {
            raw.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        self.ready = match self.number.element() == Some(self.element) {
            true => raw,
            false => {
                let to_f32 = self.number.to_f32();
                raw.chunks_exact(size).flat_map(|number| to_f32(number).to_le_bytes()).collect()
            }
        };
        Ok(())
    }
}

impl<R: Read> Read for Converted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() && self.left > 0 {
            self.refill()?;
        }
        let mut rest = &self.ready[self.taken..];
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_that_numpy_takes() {
        for (descr, expected) in [
            ("<f4", Some((Kind::F32, false))),
            ("=f4", Some((Kind::F32, false))),
            ("|f4", Some((Kind::F32, false))),
            ("f4", Some((Kind::F32, false))),
            ("f", Some((Kind::F32, false))),
            ("float32", Some((Kind::F32, false))),
            (">f4", Some((Kind::F32, true))),
            (">f", Some((Kind::F32, true))),
            ("=d", Some((Kind::F64, false))),
            ("half", Some((Kind::F16, false))),
            ("|b1", Some((Kind::Bool, false))),
            ("?", Some((Kind::Bool, false))),
            ("int", Some((Kind::I64, false))),
            (">float32", None),
            ("<f16", None),
            ("<c8", None),
            ("<V2", None),
            ("|S4", None),
            ("", None),
            ("<", None),
            ("a structured type", None),
        ] {
            let found = Number::of(descr, false).map(|number| (number.kind, number.big_endian));
            assert_eq!(found, expected, "{descr:?}");
        }
        for (descr, expected) in [
            ("|V2", Some((Kind::Bf16, false))),
            ("<u2", Some((Kind::Bf16, false))),
            (">i2", Some((Kind::Bf16, true))),
            ("<f4", Some((Kind::F32, false))),
            ("uint16", Some((Kind::U16, false))),
        ] {
            let found = Number::of(descr, true).map(|number| (number.kind, number.big_endian));
            assert_eq!(found, expected, "{descr:?}");
        }
    }
}
