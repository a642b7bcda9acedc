//! How a device binds ranges of buffers.

use std::num::NonZero;

use crate::args::view::View;
use crate::error::Error;

/// The device's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranges {
    /// Bytes that a binding's offset is a multiple of.
    pub(crate) alignment: u64,
    /// Bytes a binding has at most.
    pub(crate) limit: u64,
}

/// A range that is bound.
pub(crate) struct Range<'a> {
    pub(crate) binding: wgpu::BufferBinding<'a>,
    /// How many elements the binding has before it.
    pub(crate) first: u64,
}

impl Ranges {
    pub(crate) fn new(limits: &wgpu::Limits) -> Self {
        Ranges {
            // Of whole words, whatever the device allows.
            alignment: u64::from(limits.min_storage_buffer_offset_alignment).max(4),
            // Shaders index with 32 bits.
            limit: limits.max_storage_buffer_binding_size.min(1 << 31),
        }
    }

    /// Bytes of the longest range that a binding holds wherever it starts: in one that starts before it, and ends
    /// with a whole word.
    pub(crate) fn longest(&self) -> u64 {
        self.limit.saturating_sub(self.alignment + 4)
    }

    /// That a binding must hold `needed` bytes, and does not.
    pub(crate) fn too_small(&self, needed: u64) -> Error {
        Error::Limit { limit: "max_storage_buffer_binding_size", found: self.limit, needed }
    }

    /// Binds `length` elements of `element` bytes, from `first` of a view on.
    pub(crate) fn bind<'a>(
        &self,
        view: View<'a>,
        element: u64,
        first: u64,
        length: u64,
    ) -> Range<'a> {
        let start = view.offset + element * first;
        let offset = start - start % self.alignment;
        // Of something at least: there is no binding of nothing.
        let size = (start + element * length - offset).next_multiple_of(4).max(4);
        let size = NonZero::new(size);
        let binding = wgpu::BufferBinding { buffer: view.buffer, offset, size };
        Range { binding, first: (start - offset) / element }
    }
}
