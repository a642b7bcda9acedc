//! The header of a `.npy` file: magic bytes, version, length, and a dictionary as a Python literal.

use std::fmt::Write as _;
use std::io::Read;

use super::literal::{self, Literal};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longer headers are no arrays of numbers. NumPy's own limit is 10,000 bytes.
const LONGEST: usize = 1 << 20;

/// NumPy's limit.
const MOST_AXES: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// The type of the numbers, as NumPy's `dtype` takes it: `<f4`.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
    /// The product of the axes.
    pub(super) elements: u64,
}

impl Header {
    /// Reads up to the numbers.
    pub(super) fn read(file: &mut impl Read) -> Result<Self, String> {
        let mut start = [0; 8];
        fill(file, &mut start)?;
        if !start.starts_with(MAGIC) {
            return Err("it does not begin with \\x93NUMPY".to_owned());
        }
        let mut length = [0; 4];
        let size_of_length = match start[6..] {
            [1, 0] => 2,
            [2 | 3, 0] => 4,
            [major, minor, ..] => return Err(format!("its version {major}.{minor} is unknown")),
            _ => return Err("it has no version".to_owned()),
        };
        fill(file, &mut length[..size_of_length])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(format!("its header would have {length} bytes, more than {LONGEST}"));
        }
        let mut text = vec![0; length];
        fill(file, &mut text)?;
        // Version 3 was made for names in UTF-8. The others are Latin-1.
        let text = match start[6] {
            3 => String::from_utf8(text).map_err(|_| "its header is not UTF-8")?,
            _ => text.into_iter().map(char::from).collect(),
        };
        Header::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Literal::Dict(entries) =
            literal::parse(text).map_err(|error| format!("in its header, {error}"))?
        else {
            return Err("its header is no dictionary".to_owned());
        };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        for (key, value) in entries {
            // As in Python, the last of several equal keys counts.
            match key {
                Literal::Text(key) if key == "descr" => descr = Some(value),
                Literal::Text(key) if key == "fortran_order" => fortran_order = Some(value),
                Literal::Text(key) if key == "shape" => shape = Some(value),
                _ => {
                    return Err(
                        "its header has a key beside descr, fortran_order and shape".to_owned()
                    );
                }
            }
        }
        let descr = match descr.ok_or("its header has no descr")? {
            Literal::Text(descr) => descr,
            Literal::List(_) => return Err("its type is structured; save one field".to_owned()),
            _ => return Err("its descr is no text".to_owned()),
        };
        let Some(Literal::Bool(fortran_order)) = fortran_order else {
            return Err("its fortran_order is neither True nor False".to_owned());
        };
        let Some(Literal::Tuple(axes)) = shape else {
            return Err("its shape is no tuple".to_owned());
        };
        if axes.len() > MOST_AXES {
            return Err(format!("its shape has {} axes, more than {MOST_AXES}", axes.len()));
        }
        let axis = |axis: Literal| match axis {
            Literal::Integer(axis) => {
                i64::try_from(axis).ok().and_then(|axis| u64::try_from(axis).ok())
            }
            _ => None,
        };
        let shape = axes.into_iter().map(axis).collect::<Option<Vec<u64>>>();
        let shape = shape.ok_or("an axis of its shape is no integer from 0 to 2^63 - 1")?;
        let elements = shape.iter().try_fold(1u64, |product, &axis| product.checked_mul(axis));
        // With bytes of the numbers and of their results.
        let Some(elements) = elements.filter(|elements| elements.checked_mul(8).is_some()) else {
            return Err(format!("its shape {shape:?} is larger than any file"));
        };
        Ok(Header { descr, fortran_order, shape, elements })
    }

    /// The bytes before the numbers, as NumPy writes them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Header { descr, fortran_order, shape, .. } = self;
        let order = if *fortran_order { "True" } else { "False" };
        let mut text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (");
        for (index, axis) in shape.iter().enumerate() {
            let _ = write!(text, "{}{axis}", if index > 0 { ", " } else { "" });
        }
        text += if shape.len() == 1 { ",), }" } else { "), }" };
        // The numbers begin at a multiple of 64 bytes, so that they can be mapped into memory.
        let unpadded = MAGIC.len() + 4 + text.len() + 1;
        text += &" ".repeat(unpadded.next_multiple_of(64) - unpadded);
        text.push('\n');
        // At most 64 axes of 20 digits, so version 1 can tell the length.
        let length = (text.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0][..], &length, text.as_bytes()].concat()
    }
}

fn fill(file: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends in its header".to_owned(),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    fn raw(version: u8, text: &str) -> Vec<u8> {
        let length = text.len() as u32;
        let size_of_length = if version == 1 { 2 } else { 4 };
        [MAGIC, &[version, 0][..], &length.to_le_bytes()[..size_of_length], text.as_bytes()]
            .concat()
    }

    fn read(text: &str) -> Result<Header, String> {
        Header::read(&mut &raw(1, text)[..])
    }

    #[test]
    fn headers_are_read_as_numpy_reads_them() {
        for (text, descr, shape) in [
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
                "<f4",
                &[2u64, 3][..],
            ),
            ("{'descr': '=f4', 'fortran_order': False, 'shape': (2,)}  \n", "=f4", &[2]),
            ("\n ({'shape': (), 'descr': u\"float32\", 'fortran_order': False})", "float32", &[]),
            ("{'descr': '<' 'f4', 'fortran_order': False, 'shape': (0x2, +1_0)}#", "<f4", &[2, 10]),
            ("{'shape': (9,), 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "<f4", &[2]),
        ] {
            let header = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((&*header.descr, &*header.shape), (descr, shape), "{text}");
            assert!(!header.fortran_order);
        }
        for version in [2, 3] {
            let bytes = raw(version, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}");
            let header = Header::read(&mut &bytes[..]).unwrap();
            assert_eq!((header.fortran_order, header.elements), (true, 6));
        }
    }

    #[test]
    fn bad_headers_are_told() {
        let with =
            |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}");
        for (text, part) in [
            (with("(2)"), "shape is no tuple"),
            (with("[2]"), "shape is no tuple"),
            (with("(-1,)"), "no integer from 0"),
            (with("(1.0,)"), "no integer from 0"),
            (with("(True,)"), "no integer from 0"),
            (with("(0, 9223372036854775808)"), "no integer from 0"),
            (with("(4294967296, 4294967296)"), "larger than any file"),
            (with(&format!("({})", "1,".repeat(65))), "65 axes, more than 64"),
            (with("(2,), 'x': 1"), "a key beside"),
            (with(&"(".repeat(40)), "in its header, "),
            (with(&"(".repeat(400)), "nested deeper"),
            ("{'descr': '<f4', 'shape': (2,)}".to_owned(), "fortran_order is neither"),
            (
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}".to_owned(),
                "fortran_order is neither",
            ),
            ("{'fortran_order': False, 'shape': (2,)}".to_owned(), "no descr"),
            (
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}".to_owned(),
                "structured",
            ),
            (
                "{'descr': None, 'fortran_order': False, 'shape': (2,)}".to_owned(),
                "descr is no text",
            ),
            ("[]".to_owned(), "no dictionary"),
            (String::new(), "in its header, it ends"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for (bytes, part) in [
            (&b"\x93NUMPY\x01\x01"[..], "version 1.1 is unknown"),
            (b"\x93NUMPY\x04\0", "version 4.0 is unknown"),
            (b"\x93NUMPY\x02\0\x01\0\x10\0", "1048577 bytes, more than"),
            (b"\x93NUMPY\x01\0\x10\0{}", "ends in its header"),
            (b"\x93NUMPY\x03\0\x01\0\0\0\xff", "not UTF-8"),
            (b"PK\x03\x04 a zip", "does not begin"),
        ] {
            let error = Header::read(&mut &bytes[..]).unwrap_err();
            assert!(error.contains(part), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn any_bytes_give_a_header_or_an_error() {
        let seeds = [
            raw(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }   \n"),
            raw(
                2,
                "{'descr': [('a', '<f4'), ('b', '>i8', (2, 3))], 'fortran_order': False, 'shape': (0,)}",
            ),
            raw(
                3,
                "{u'descr': r'''=f8''' \"\", 'fortran_order': True, 'shape': ((), [{}], 0x10, 1_0, -3)}#\n",
            ),
        ];
        fuzz::mutate(&seeds.each_ref().map(Vec::as_slice), |bytes| {
            if let Ok(mut header) = Header::read(&mut &bytes[..]) {
                header.descr = "<f4".to_owned();
                let written = header.to_bytes();
                assert!(written.len().is_multiple_of(64));
                assert_eq!(Header::read(&mut &written[..]), Ok(header));
            }
        });
    }
}
