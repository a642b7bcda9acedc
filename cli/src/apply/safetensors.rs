//! `.safetensors` files: a header, and contiguous tensors. The output has the input's header, byte for byte, because
//! neither shapes nor types change.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::engine::Engine;
use super::source::{self, Source};
use super::{Arguments, Summary};
use crate::output::Output;
use crate::{Outcome, progress};

/// The format's own limit.
const LARGEST_HEADER: u64 = 100_000_000;

pub(super) fn apply(
    arguments: &Arguments,
    open: impl FnOnce() -> Outcome<Engine>,
) -> Outcome<Summary> {
    let mut x = Tensors::open(&arguments.input)?;
    let mut dy = arguments.gradient.as_deref().map(Tensors::open).transpose()?;
    let chosen = x.choose(&arguments.tensor)?;
    if let Some(dy) = &dy {
        for name in &chosen {
            x.must_match(dy, name)?;
        }
    }
    let mut out = Output::create(&arguments.output, arguments.force)?;
    let mut engine = open()?;

    out.write_all(&x.header)?;
    let bar = progress::bytes(x.metadata.data_len() as u64);
    let (mut elements, mut untouched) = (0, 0);
    // In their order in the file, which is read from its start to its end.
    for name in x.metadata.offset_keys() {
        let Some(info) = x.metadata.info(&name) else { continue };
        let mut tensor = Source::new(x.path, &mut x.file, bytes(info), Some(&bar));
        if !chosen.contains(&name) {
            io::copy(&mut tensor, &mut out)?;
            untouched += 1;
            continue;
        }
        let dy = dy.as_mut().map(|dy| dy.tensor(&name)).transpose()?;
        elements += engine.stream(tensor, dy, &mut out)?;
    }
    bar.finish_and_clear();
    // Windows does not replace an open file.
    drop((x, dy));
    out.finish()?;
    let remark =
        format!("; {} of {} tensors, the others unchanged", chosen.len(), chosen.len() + untouched);
    Ok(Summary { elements, remark })
}

/// A file, read up to its tensors.
struct Tensors<'p> {
    path: &'p Path,
    /// The header as it is in the file, with its length before it.
    header: Vec<u8>,
    metadata: Metadata,
    file: BufReader<File>,
}

impl<'p> Tensors<'p> {
    fn open(path: &'p Path) -> Outcome<Self> {
        let told = |what: String| format!("{}: {what}", path.display());
        let wrong =
            |what: &dyn std::fmt::Display| told(format!("not a .safetensors file ({what})"));
        let mut file = source::open(path)?;
        let size = source::size(&file);
        let mut header = vec![0; 8];
        file.read_exact(&mut header).map_err(|error| wrong(&error))?;
        let length = u64::from_le_bytes(header[..8].try_into().unwrap_or_default());
        if length > LARGEST_HEADER.min(size.unwrap_or(u64::MAX)) {
            return Err(wrong(&format_args!("its header would have {length} bytes")).into());
        }
        header.resize(8 + length as usize, 0);
        file.read_exact(&mut header[8..]).map_err(|error| wrong(&error))?;
        let metadata: Metadata =
            serde_json::from_slice(&header[8..]).map_err(|error| wrong(&error))?;
        let due = header.len() as u64 + metadata.data_len() as u64;
        if let Some(size) = size.filter(|&size| size != due) {
            return Err(
                told(format!("the file has {size} bytes, but its header promises {due}")).into()
            );
        }
        Ok(Tensors { path, header, metadata, file })
    }

    /// The named tensors, or all F32 tensors.
    fn choose(&self, names: &[String]) -> Outcome<Vec<String>> {
        let path = self.path.display();
        let all = self.metadata.offset_keys();
        for name in names {
            match self.metadata.info(name) {
                None => {
                    let known: Vec<&str> = all.iter().map(String::as_str).take(8).collect();
                    let more = if all.len() > known.len() { ", ..." } else { "" };
                    return Err(format!(
                        "{path} has no tensor {name:?}; it has {}{more}",
                        known.join(", ")
                    )
                    .into());
                }
                Some(info) if info.dtype != Dtype::F32 => {
                    return Err(
                        format!("{path}: tensor {name:?} is {}, not F32", info.dtype).into()
                    );
                }
                Some(_) => {}
            }
        }
        if !names.is_empty() {
            let mut chosen = names.to_vec();
            chosen.sort_unstable();
            chosen.dedup();
            return Ok(chosen);
        }
        let is_f32 =
            |name: &&String| self.metadata.info(name).is_some_and(|info| info.dtype == Dtype::F32);
        let chosen: Vec<String> = all.iter().filter(is_f32).cloned().collect();
        if chosen.is_empty() {
            return Err(
                format!("{path} has no tensor of type F32 (of {} tensors)", all.len()).into()
            );
        }
        Ok(chosen)
    }

    /// Whether `dy` has the tensor too.
    fn must_match(&self, dy: &Tensors<'_>, name: &str) -> Outcome<()> {
        let (Some(x_info), path) = (self.metadata.info(name), dy.path.display()) else {
            return Ok(());
        };
        match dy.metadata.info(name) {
            None => Err(format!(
                "{path} has no tensor {name:?}; name those it has with --tensor, or add it"
            )
            .into()),
            Some(info) if info.dtype != Dtype::F32 || info.shape != x_info.shape => Err(format!(
                "{path}: tensor {name:?} is {} {:?}, but must be F32 {:?} as in {}",
                info.dtype,
                info.shape,
                x_info.shape,
                self.path.display()
            )
            .into()),
            Some(_) => Ok(()),
        }
    }

    /// The bytes of a tensor at any position.
    fn tensor(&mut self, name: &str) -> Outcome<Source<'_, &mut BufReader<File>>> {
        let info = self.metadata.info(name).ok_or("the tensor is there no more")?;
        let start = self.header.len() as u64 + info.data_offsets.0 as u64;
        let bytes = bytes(info);
        self.file
            .seek(SeekFrom::Start(start))
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(Source::new(self.path, &mut self.file, bytes, None))
    }
}

fn bytes(info: &TensorInfo) -> u64 {
    (info.data_offsets.1 - info.data_offsets.0) as u64
}
