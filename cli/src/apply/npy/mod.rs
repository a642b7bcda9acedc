//! NumPy's `.npy` files.

mod header;
mod literal;
mod number;

use std::io::{Read, Seek, Write};

use indicatif::ProgressBar;
use wgpu_relu::ElementType;

use super::source::{Input, Source};
use super::{Summary, Task};
use crate::{Outcome, messages, progress};
use header::Header;
use number::{Converted, Number};

pub(super) fn apply(x: Input, dy: Option<Input>, task: Task<'_, '_>) -> Outcome<Summary> {
    let Task { arguments, destination, engine } = task;
    let mut x = Array::read(x, arguments.bf16)?;
    let mut dy = dy.map(|dy| Array::read(dy, arguments.bf16)).transpose()?;
    if let Some(dy) = &dy {
        x.must_match(dy)?;
    }
    let element = common_element(&x, dy.as_ref());
    for array in [Some(&x), dy.as_ref()].into_iter().flatten() {
        array.tell_conversion(element);
    }
    let mut out = destination.start()?;
    engine.open()?;

    out.write_all(&x.header_of_result(element).to_bytes())?;
    let bar = progress::bytes(element.size() * x.header.elements);
    let numbers = dy.as_mut().map(|dy| dy.numbers(element, None));
    let elements = engine.stream(element, x.numbers(element, Some(&bar)), numbers, &mut out)?;
    bar.finish_and_clear();
    for array in [Some(&mut x), dy.as_mut()].into_iter().flatten() {
        array.tell_rest_of_pipe()?;
    }
    // Windows does not replace an open file.
    drop((x, dy));
    out.finish()?;
    Ok(Summary { elements, remark: String::new() })
}

/// The type that is computed, and the type of the result: that of all inputs, or f32.
fn common_element(x: &Array, dy: Option<&Array>) -> ElementType {
    let element = x.number.element().unwrap_or(ElementType::F32);
    let is_common = dy.is_none_or(|dy| dy.number.element() == Some(element));
    if is_common { element } else { ElementType::F32 }
}

/// An array in a file, read up to its numbers.
struct Array {
    input: Input,
    header: Header,
    number: Number,
}

impl Array {
    fn read(mut input: Input, bf16: bool) -> Outcome<Self> {
        let name = input.name.clone();
        let header = Header::read(&mut input.reader)
            .map_err(|error| format!("{name}: not a .npy file of numbers ({error})"))?;
        let Header { descr, elements, .. } = &header;
        let number = Number::of(descr, bf16).ok_or_else(|| {
            let remedy = match descr.trim_start_matches(['<', '>', '|']) {
                "V2" => "if they are bf16, add --bf16",
                _ => "convert them first: np.save(f, a.astype('f4'))",
            };
            format!("{name}: its numbers are '{descr}', which cannot be read as float32; {remedy}")
        })?;
        if let (Some(size), Ok(data)) = (input.size, input.reader.stream_position()) {
            let (held, due) = (size.saturating_sub(data), elements * number.size() as u64);
            if held < due {
                let held = held / number.size() as u64;
                return Err(
                    format!("{name}: the file ends after {held} of {elements} numbers").into()
                );
            }
            if held > due {
                messages::note(&format_args!(
                    "{name}: {} bytes follow the array of {elements} numbers, and are left out",
                    held - due
                ));
            }
        }
        Ok(Array { input, header, number })
    }

    /// Whether the numbers of both files have the same order.
    fn must_match(&self, dy: &Array) -> Outcome<()> {
        let (x_name, dy_name) = (&self.input.name, &dy.input.name);
        let (x, dy) = (&self.header, &dy.header);
        if x.shape != dy.shape {
            return Err(format!(
                "{dy_name} has shape {:?}, but {x_name} has {:?}; they must be equal",
                dy.shape, x.shape
            )
            .into());
        }
        // With a single axis longer than 1, both orders are the same.
        let flat = x.shape.iter().filter(|&&axis| axis > 1).count() <= 1;
        if x.fortran_order != dy.fortran_order && !flat {
            return Err(format!(
                "{dy_name} is stored in {} order, but {x_name} in {}; save both alike: np.save(f, \
                 np.ascontiguousarray(a))",
                order(dy),
                order(x)
            )
            .into());
        }
        Ok(())
    }

    fn tell_conversion(&self, element: ElementType) {
        if !self.number.is_stored_as(element) {
            let (name, descr) = (&self.input.name, &self.header.descr);
            messages::note(&format_args!("{name}: {descr} is read as {}", name_in_numpy(element)));
        }
    }

    /// After the numbers of a pipe, whose length is not known before.
    fn tell_rest_of_pipe(&mut self) -> Outcome<()> {
        let Array { input, header, .. } = self;
        if input.size.is_none() && !input.is_at_end()? {
            messages::note(&format_args!(
                "{}: bytes follow the array of {} numbers, and are left out",
                input.name, header.elements
            ));
        }
        Ok(())
    }

    fn header_of_result(&self, element: ElementType) -> Header {
        let descr = match element {
            ElementType::F16 => "<f2".to_owned(),
            // NumPy has no name for it, so the result has the type that holds the input.
            ElementType::Bf16 => {
                format!("<{}", self.header.descr.trim_start_matches(['<', '>', '=', '|']))
            }
            _ => "<f4".to_owned(),
        };
        Header { descr, ..self.header.clone() }
    }

    /// The numbers as little-endian elements, in the order of the file.
    fn numbers<'a>(
        &'a mut self,
        element: ElementType,
        bar: Option<&'a ProgressBar>,
    ) -> Box<dyn Read + Send + 'a> {
        let Array { input: Input { name, reader, .. }, header, number } = self;
        let (elements, size) = (header.elements, number.size() as u64);
        if number.is_stored_as(element) {
            return Box::new(Source::new(name, reader, elements * size, bar));
        }
        let raw = Source::new(name, reader, elements * size, None);
        let converted = Converted::new(raw, *number, element, elements);
        Box::new(Source::new(name, converted, elements * element.size(), bar))
    }
}

fn order(header: &Header) -> &'static str {
    if header.fortran_order { "Fortran" } else { "C" }
}

fn name_in_numpy(element: ElementType) -> &'static str {
    match element {
        ElementType::F16 => "float16",
        ElementType::Bf16 => "bfloat16",
        _ => "float32",
    }
}
