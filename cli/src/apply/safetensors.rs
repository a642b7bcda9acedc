//! `.safetensors` files: a header, and contiguous tensors. The output has the input's header, byte for byte, because
//! neither shapes nor types change.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use indicatif::ProgressBar;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use wgpu_relu::ElementType;

use super::engine::Engine;
use super::source::{Input, Reader, Source};
use super::{Summary, Task};
use crate::output::Output;
use crate::{Outcome, progress};

/// The format's own limit.
const LARGEST_HEADER: u64 = 100_000_000;

/// Larger tensors pass through the device one by one. Smaller ones share transfers and dispatches, because a round trip
/// takes longer than their numbers do.
const SMALL: u64 = 256 << 10;

/// Bytes of a batch of small tensors.
const BATCH: u64 = 8 << 20;

pub(super) fn apply(x: Input, dy: Option<Input>, task: Task<'_, '_>) -> Outcome<Summary> {
    let Task { arguments, destination, engine } = task;
    let mut x = Tensors::read(x)?;
    let mut dy = dy.map(Tensors::read).transpose()?;
    let chosen = x.choose(&arguments.tensor)?;
    // In their order in the file, which is read from its start to its end.
    let tensors = x.tensors(&chosen);
    if let Some(dy) = &dy {
        for tensor in tensors.iter().filter(|tensor| tensor.element.is_some()) {
            x.must_match(dy, &tensor.name)?;
        }
    }
    let mut out = destination.start()?;
    engine.open()?;

    out.write_all(&x.header)?;
    let bar = progress::bytes(x.metadata.data_len() as u64);
    let sizes: Vec<u64> = tensors.iter().map(|tensor| tensor.bytes).collect();
    let mut pass = Pass { x: &mut x.input, dy: dy.as_mut(), engine, out: &mut out, bar: &bar };
    let mut elements = 0;
    for step in steps(&sizes) {
        elements += match &tensors[step] {
            [large] => pass.single(large)?,
            small => pass.batch(small)?,
        };
    }
    bar.finish_and_clear();
    for tensors in [Some(&mut x), dy.as_mut()].into_iter().flatten() {
        tensors.must_end()?;
    }
    // Windows does not replace an open file.
    drop((x, dy));
    out.finish()?;
    let remark = format!("; {} of {} tensors, the others unchanged", chosen.len(), tensors.len());
    Ok(Summary { elements, remark })
}

/// The tensors that pass through the device together: single large ones, and small ones in batches.
fn steps(sizes: &[u64]) -> Vec<Range<usize>> {
    let mut steps = Vec::new();
    let mut start = 0;
    while start < sizes.len() {
        let mut bytes = sizes[start];
        let mut end = start + 1;
        while end < sizes.len()
            && sizes[start].max(sizes[end]) <= SMALL
            && bytes + sizes[end] <= BATCH
        {
            bytes += sizes[end];
            end += 1;
        }
        steps.push(start..end);
        start = end;
    }
    steps
}

struct Tensor {
    name: String,
    bytes: u64,
    /// The type to compute, or none for a tensor that stays as it is.
    element: Option<ElementType>,
}

/// From the input to the output, at the next tensor.
struct Pass<'a, 'c> {
    x: &'a mut Input,
    dy: Option<&'a mut Tensors>,
    engine: &'a mut Engine<'c>,
    out: &'a mut Output,
    bar: &'a ProgressBar,
}

impl Pass<'_, '_> {
    /// Returns the number of elements.
    fn single(&mut self, tensor: &Tensor) -> Outcome<u64> {
        let mut x = Source::new(&self.x.name, &mut self.x.reader, tensor.bytes, Some(self.bar));
        let Some(element) = tensor.element else {
            io::copy(&mut x, self.out)?;
            return Ok(0);
        };
        let dy = self.dy.as_mut().map(|dy| dy.tensor(&tensor.name)).transpose()?;
        self.engine.stream(element, x, dy, &mut *self.out)
    }

    /// Computes all tensors of a type in one pass, and returns the number of elements.
    fn batch(&mut self, tensors: &[Tensor]) -> Outcome<u64> {
        let mut bytes = vec![0; tensors.iter().map(|tensor| tensor.bytes as usize).sum()];
        Source::new(&self.x.name, &mut self.x.reader, bytes.len() as u64, Some(self.bar))
            .read_exact(&mut bytes)?;
        let mut elements = 0;
        for &element in ElementType::ALL {
            let mut of_type = Vec::new();
            let mut start = 0;
            for tensor in tensors {
                let range = start..start + tensor.bytes as usize;
                start = range.end;
                if tensor.element == Some(element) {
                    of_type.push((tensor, range));
                }
            }
            if of_type.is_empty() {
                continue;
            }
            let mut x = Vec::new();
            let mut dy = self.dy.is_some().then(Vec::new);
            for (tensor, range) in &of_type {
                x.extend_from_slice(&bytes[range.clone()]);
                if let (Some(all), Some(file)) = (&mut dy, &mut self.dy) {
                    file.tensor(&tensor.name)?.read_to_end(all)?;
                }
            }
            let mut results = Vec::with_capacity(x.len());
            elements += self.engine.stream(element, &*x, dy.as_deref(), &mut results)?;
            let mut results = &*results;
            for (_, range) in of_type {
                results.read_exact(&mut bytes[range])?;
            }
        }
        self.out.write_all(&bytes)?;
        Ok(elements)
    }
}

/// A file, read up to its tensors.
struct Tensors {
    input: Input,
    /// The header as it is in the file, with its length before it.
    header: Vec<u8>,
    metadata: Metadata,
    /// The bytes that have been read.
    position: u64,
}

impl Tensors {
    fn read(mut input: Input) -> Outcome<Self> {
        let name = &input.name;
        let (header, metadata) = read_header(&mut input.reader, input.size)
            .map_err(|error| format!("{name}: not a .safetensors file ({error})"))?;
        let position = header.len() as u64;
        let due = position + metadata.data_len() as u64;
        if let Some(size) = input.size.filter(|&size| size != due) {
            return Err(format!(
                "{name}: the file has {size} bytes, but its header promises {due}"
            )
            .into());
        }
        Ok(Tensors { input, header, metadata, position })
    }

    fn element(&self, name: &str) -> Option<ElementType> {
        self.metadata.info(name).and_then(|info| element_of(info.dtype))
    }

    /// The named tensors, or all that the device computes.
    fn choose(&self, names: &[String]) -> Outcome<HashSet<String>> {
        let file = &self.input.name;
        let all = self.metadata.offset_keys();
        for name in names {
            match self.metadata.info(name) {
                None => {
                    let known: Vec<&str> = all.iter().map(String::as_str).take(8).collect();
                    let more = if all.len() > known.len() { ", ..." } else { "" };
                    return Err(format!(
                        "{file} has no tensor {name:?}; it has {}{more}",
                        known.join(", ")
                    )
                    .into());
                }
                Some(info) if element_of(info.dtype).is_none() => {
                    return Err(format!(
                        "{file}: tensor {name:?} is {}, not F32, F16 or BF16",
                        info.dtype
                    )
                    .into());
                }
                Some(_) => {}
            }
        }
        if !names.is_empty() {
            return Ok(names.iter().cloned().collect());
        }
        let count = all.len();
        let chosen: HashSet<String> =
            all.into_iter().filter(|name| self.element(name).is_some()).collect();
        if chosen.is_empty() {
            return Err(format!(
                "{file} has no tensor of type F32, F16 or BF16 (of {count} tensors)"
            )
            .into());
        }
        Ok(chosen)
    }

    /// All tensors, in their order in the file.
    fn tensors(&self, chosen: &HashSet<String>) -> Vec<Tensor> {
        let names = self.metadata.offset_keys().into_iter();
        names
            .map(|name| Tensor {
                bytes: self.metadata.info(&name).map_or(0, bytes),
                element: self.element(&name).filter(|_| chosen.contains(&name)),
                name,
            })
            .collect()
    }

    /// Whether `dy` has the tensor too.
    fn must_match(&self, dy: &Tensors, name: &str) -> Outcome<()> {
        let (Some(x_info), file) = (self.metadata.info(name), &dy.input.name) else {
            return Ok(());
        };
        match dy.metadata.info(name) {
            None => Err(format!(
                "{file} has no tensor {name:?}; name those it has with --tensor, or add it"
            )
            .into()),
            Some(info) if info.dtype != x_info.dtype || info.shape != x_info.shape => Err(format!(
                "{file}: tensor {name:?} is {} {:?}, but must be {} {:?} as in {}",
                info.dtype, info.shape, x_info.dtype, x_info.shape, self.input.name
            )
            .into()),
            Some(_) => Ok(()),
        }
    }

    /// The bytes of a tensor at any position. The caller reads all of them.
    fn tensor(&mut self, name: &str) -> Outcome<Source<'_, &mut io::BufReader<Reader>>> {
        let info = self.metadata.info(name).ok_or("the tensor is there no more")?;
        let start = self.header.len() as u64 + info.data_offsets.0 as u64;
        let bytes = bytes(info);
        // A step within the buffer keeps it. Most files have the tensors in the order of x.
        self.input
            .reader
            .seek_relative(start as i64 - self.position as i64)
            .map_err(|error| format!("{}: {error}", self.input.name))?;
        self.position = start + bytes;
        Ok(Source::new(&self.input.name, &mut self.input.reader, bytes, None))
    }

    /// Whether a pipe has no more than its header promises. Files have a size, which [`Tensors::read`] compares.
    fn must_end(&mut self) -> Outcome<()> {
        if self.input.size.is_none() && !self.input.is_at_end()? {
            let (name, due) = (&self.input.name, self.metadata.data_len());
            return Err(format!("{name}: bytes follow the {due} that its header promises").into());
        }
        Ok(())
    }
}

/// The header's bytes with its length before it, and what they mean.
fn read_header(file: &mut impl Read, size: Option<u64>) -> Result<(Vec<u8>, Metadata), String> {
    let told = |error: &dyn Display| error.to_string();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => "it has fewer than 8 bytes".to_owned(),
        _ => told(&error),
    })?;
    let count = u64::from_le_bytes(length);
    if count > LARGEST_HEADER.min(size.unwrap_or(u64::MAX)) {
        return Err(format!("its header would have {count} bytes"));
    }
    let mut header = length.to_vec();
    file.take(count).read_to_end(&mut header).map_err(|error| told(&error))?;
    if header.len() as u64 != 8 + count {
        return Err(format!("it ends in its header of {count} bytes"));
    }
    let metadata = serde_json::from_slice(&header[8..]).map_err(|error| told(&error))?;
    Ok((header, metadata))
}

/// The type of the device, if it computes this one.
fn element_of(dtype: Dtype) -> Option<ElementType> {
    match dtype {
        Dtype::F32 => Some(ElementType::F32),
        Dtype::F16 => Some(ElementType::F16),
        Dtype::BF16 => Some(ElementType::Bf16),
        _ => None,
    }
}

fn bytes(info: &TensorInfo) -> u64 {
    (info.data_offsets.1 - info.data_offsets.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    #[test]
    fn small_tensors_share_a_pass() {
        assert_eq!(steps(&[&[32; 31_337][..], &[SMALL + 1]].concat()), [0..31_337, 31_337..31_338]);
        assert_eq!(steps(&[]), []);
        assert_eq!(
            steps(&[SMALL + 1, 4, 0, 4, SMALL + 1, SMALL + 1, 4]),
            [0..1, 1..4, 4..5, 5..6, 6..7]
        );
        let full = (BATCH / SMALL) as usize;
        assert_eq!(steps(&vec![SMALL; full + 1]), [0..full, full..full + 1]);
    }

    #[test]
    fn any_bytes_give_a_header_or_an_error() {
        let file =
            |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        let seeds = [
            file(
                r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#,
            ),
            file(
                r#"{"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"b":{"dtype":"I64","shape":[0],"data_offsets":[2,2]}} "#,
            ),
        ];
        fuzz::mutate(&seeds.each_ref().map(Vec::as_slice), |bytes| {
            if let Ok((header, metadata)) = read_header(&mut &*bytes, Some(bytes.len() as u64)) {
                assert_eq!(header, bytes[..header.len()]);
                let mut end = 0;
                for name in metadata.offset_keys() {
                    let info = metadata.info(&name).unwrap();
                    assert_eq!((info.data_offsets.0, info.data_offsets.1 >= end), (end, true));
                    end = info.data_offsets.1;
                }
                assert_eq!(end, metadata.data_len());
            }
        });
    }
}
