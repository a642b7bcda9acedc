//! A matrix of samples from a `.npy` file.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use npyz::{NpyFile, Order};

/// Samples in rows, features in columns.
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Row by row.
    pub(crate) values: Vec<f32>,
}

impl Matrix {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        Self::read(BufReader::new(file))
    }

    /// Reads an array of numbers of any kind. The first axis counts samples, the others features.
    pub(crate) fn read(reader: impl Read) -> Result<Self, String> {
        let file = with_bounded_header(reader)
            .and_then(|reader| NpyFile::new(reader).map_err(|error| error.to_string()))
            .map_err(|error| format!("not a .npy file ({error})"))?;
        let (shape, strides) = (file.shape().to_vec(), file.strides().to_vec());
        let fortran = file.order() == Order::Fortran;
        let length = shape
            .iter()
            .try_fold(1u64, |product, &axis| product.checked_mul(axis))
            .and_then(|length| usize::try_from(length).ok())
            .ok_or_else(|| format!("shape {shape:?} is larger than any file"))?;
        if length == 0 {
            return Err(format!("shape {shape:?} holds no numbers"));
        }
        let stored = numbers(file)?;
        let values = if fortran { row_by_row(&stored, &shape, &strides) } else { stored };
        let rows = shape.first().map_or(1, |&rows| rows as usize);
        Ok(Matrix { rows, columns: length / rows, values })
    }
}

/// The reader with its header read ahead: npyz takes a time that doubles with each level of brackets, and as much memory as
/// the header's length says.
fn with_bounded_header(mut reader: impl Read) -> Result<impl Read, String> {
    const MAX_LENGTH: u64 = 1 << 16;
    const MAX_BRACKETS: usize = 16;

    let mut head = Vec::new();
    let mut read = |length: u64, head: &mut Vec<u8>| {
        reader.by_ref().take(length).read_to_end(head).map_err(|error| error.to_string())
    };
    // Six magic bytes and the version, then the header's length in two or four bytes.
    read(12, &mut head)?;
    let length = match head[..] {
        [_, _, _, _, _, _, 1, _, a, b, ..] => u64::from(u16::from_le_bytes([a, b])),
        [_, _, _, _, _, _, _, _, a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => 0,
    };
    if length > MAX_LENGTH {
        return Err(format!("a header of {length} bytes; the most are {MAX_LENGTH}"));
    }
    read(length, &mut head)?;
    let header = head.iter().skip(10).take(length as usize);
    let brackets = header.filter(|byte| b"([{".contains(byte)).count();
    if brackets > MAX_BRACKETS {
        return Err(format!("a header with {brackets} brackets; the most are {MAX_BRACKETS}"));
    }
    Ok(Cursor::new(head).chain(reader))
}

/// The numbers as they are stored, as f32.
fn numbers<R: Read>(file: NpyFile<R>) -> Result<Vec<f32>, String> {
    let dtype = file.dtype().descr();
    let length = file.len();
    // The vector grows while it reads, because a header may promise more than the file has.
    macro_rules! read_as {
        ($($number:ty => $to_f32:expr),+ $(,)?) => {{
            let file = file;
            $(
                let file = match file.try_data::<$number>() {
                    Ok(data) => {
                        let mut values = Vec::new();
                        for number in data {
                            let number = number.map_err(|error| match error.kind() {
                                ErrorKind::UnexpectedEof => {
                                    format!("the file ends after {} of {length} numbers", values.len())
                                }
                                _ => error.to_string(),
                            })?;
                            values.push($to_f32(number));
                        }
                        return Ok(values);
                    }
                    Err(file) => file,
                };
            )+
            let _ = file;
        }};
    }
    read_as!(
        f32 => |x| x,
        f64 => |x| x as f32,
        npyz::half::f16 => npyz::half::f16::to_f32,
        u8 => f32::from,
        i8 => f32::from,
        u16 => f32::from,
        i16 => f32::from,
        u32 => |x| x as f32,
        i32 => |x| x as f32,
        u64 => |x| x as f32,
        i64 => |x| x as f32,
        bool => |x| if x { 1.0 } else { 0.0 },
    );
    Err(format!(
        "dtype {dtype} is no real number; save float32, for one: np.save(f, a.astype('f4'))"
    ))
}

/// The numbers of a Fortran-ordered array, with the last axis fastest.
fn row_by_row(stored: &[f32], shape: &[u64], strides: &[u64]) -> Vec<f32> {
    let position = |mut index: u64| {
        let mut position = 0;
        for (&axis, &stride) in shape.iter().zip(strides).rev() {
            position += index % axis * stride;
            index /= axis;
        }
        position as usize
    };
    (0..stored.len() as u64).map(|index| stored[position(index)]).collect()
}

#[cfg(test)]
mod tests {
    use npyz::WriterBuilder;

    use super::*;

    fn file<T: npyz::AutoSerialize + Clone>(order: Order, shape: &[u64], values: &[T]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let options = npyz::WriteOptions::new().default_dtype().order(order).shape(shape);
        let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
        writer.extend(values.iter().cloned()).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn rows_are_samples_in_either_order() {
        let c = Matrix::read(&*file(Order::C, &[2, 3], &[1u8, 2, 3, 4, 5, 6])).unwrap();
        let f = Matrix::read(&*file(Order::Fortran, &[2, 3], &[1i64, 4, 2, 5, 3, 6])).unwrap();
        for matrix in [c, f] {
            assert_eq!((matrix.rows, matrix.columns), (2, 3));
            assert_eq!(matrix.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        }
        let vector = Matrix::read(&*file(Order::C, &[3], &[0.5f64, -1.0, 2.0])).unwrap();
        assert_eq!((vector.rows, vector.columns), (3, 1));
    }

    #[test]
    fn hostile_headers_end_at_once() {
        let nested = format!("{{'descr': {}'<f4'{}, }}\n", "[".repeat(40), "]".repeat(40));
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((nested.len() as u16).to_le_bytes());
        bytes.extend(nested.as_bytes());
        let long = [&b"\x93NUMPY\x02\x00"[..], &u32::MAX.to_le_bytes()].concat();
        for (bytes, part) in [(&bytes, "41 brackets"), (&long, "4294967295 bytes")] {
            let error = Matrix::read(&**bytes).err().unwrap();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn damaged_files_are_told() {
        let good = file(Order::C, &[2, 3], &[1.0f32; 6]);
        let cases: [(&[u8], &str); 4] = [
            (b"", "not a .npy file"),
            (b"x,y\n1,2\n", "not a .npy file"),
            (&good[..good.len() - 5], "the file ends after 4 of 6 numbers"),
            (&file(Order::C, &[0, 3], &[0.0f32; 0]), "holds no numbers"),
        ];
        for (bytes, part) in cases {
            let error = Matrix::read(bytes).err().unwrap();
            assert!(error.contains(part), "{error}");
        }
        // Axes whose product overflows, in a header of the same length.
        let axes = b"(4294967296, 4294967296), }";
        let at = good.windows(4).position(|window| window == b"(2, ").unwrap();
        let mut overflowing = good.clone();
        overflowing[at..at + axes.len()].copy_from_slice(axes);
        let error = Matrix::read(&*overflowing).err().unwrap();
        assert!(error.contains("larger than any file"), "{error}");
    }
}
