//! Passes numbers from a reader through the GPU to a writer.

use std::io::{Read, Write};

use wgpu_relu::{Activation, ElementType, Error, GpuRelu, Stream};

use crate::Outcome;
use crate::adapter::{Choice, Name};

/// An activation on a device, with buffers that serve one tensor after the other. The device is opened at the first
/// use, after the files have been examined.
pub(super) struct Engine<'c> {
    choice: &'c Choice,
    activation: Activation,
    device: Option<Device>,
    failed: bool,
}

pub(super) struct Device {
    operator: GpuRelu,
    /// One per type of element that has been needed.
    streams: Vec<(ElementType, Stream<'static>)>,
}

impl<'c> Engine<'c> {
    pub(super) fn new(choice: &'c Choice, activation: Activation) -> Self {
        Engine { choice, activation, device: None, failed: false }
    }

    /// The device, opened if it is not.
    pub(super) fn open(&mut self) -> Outcome<&mut Device> {
        let device = match self.device.take() {
            Some(device) => device,
            None => {
                let opened = self.choice.open();
                let operator =
                    opened.and_then(|gpu| GpuRelu::with_activation(&gpu, self.activation));
                self.failed = operator.is_err();
                Device { operator: operator?, streams: Vec::new() }
            }
        };
        Ok(self.device.insert(device))
    }

    /// Whether no device could be opened, so that no other file can succeed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The adapter, if it was needed.
    pub(super) fn adapter(&self) -> Option<Name> {
        self.device.as_ref().map(|device| Name::from(&device.operator.gpu().adapter_info()))
    }

    /// Reads little-endian elements from `x` to its end, and as many from `dy` for the gradient. Writes as many results
    /// of the same type and returns their number.
    pub(super) fn stream(
        &mut self,
        element: ElementType,
        x: impl Read + Send,
        dy: Option<impl Read + Send>,
        out: impl Write,
    ) -> Outcome<u64> {
        let Device { operator, streams } = self.open()?;
        let at = streams.iter().position(|(type_of, _)| *type_of == element);
        let at = at.unwrap_or_else(|| {
            streams.push((element, operator.with_element(element).stream()));
            streams.len() - 1
        });
        let stream = &mut streams[at].1;
        let streamed = match dy {
            None => stream.pipe(x, out),
            Some(dy) => stream.pipe_gradient(x, dy, out),
        };
        streamed.map_err(|error| match error {
            // The readers and writers of this program name their files in errors. The number of finished elements helps
            // nobody here.
            Error::Io { reason, .. } => reason.into(),
            error => error.into(),
        })
    }
}
