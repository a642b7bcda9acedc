//! Passes numbers from a reader through the GPU to a writer.

use std::io::{Read, Write};

use wgpu_relu::{Error, GpuRelu, Stream};

use crate::Outcome;

/// An activation on a device, with buffers that serve one tensor after the other.
pub(super) struct Engine(Stream<'static>);

impl Engine {
    pub(super) fn new(operator: &GpuRelu) -> Self {
        Engine(operator.stream())
    }

    /// Reads f32 from `x` to its end, and as many from `dy` for the gradient. Writes as many results and returns their
    /// number.
    pub(super) fn stream(
        &mut self,
        x: impl Read + Send,
        dy: Option<impl Read + Send>,
        out: impl Write,
    ) -> Outcome<u64> {
        let streamed = match dy {
            None => self.0.pipe(x, out),
            Some(dy) => self.0.pipe_gradient(x, dy, out),
        };
        streamed.map_err(|error| match error {
            // The readers and writers of this program name their files in errors. The number of finished elements helps
            // nobody here.
            Error::Io { reason, .. } => reason.into(),
            error => error.into(),
        })
    }
}
