//! How a device binds ranges of buffers.

use crate::args::range::{BufferId, BufferRange};
use crate::error::{Error, Result};

/// The most bytes of a binding, since shaders index with 32 bits.
const ADDRESSED: u64 = 1 << 31;

/// The device's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranges {
    /// The offset of a binding is a multiple of this many bytes.
    pub(crate) alignment: u64,
    /// The most bytes of a binding.
    pub(crate) limit: u64,
}

/// A range to bind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundRange {
    pub(crate) buffer: BufferId,
    /// Bytes.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) size: u64,
    /// The number of elements in the binding before the operand's first one.
    pub(crate) first: u64,
}

impl Ranges {
    pub(crate) fn new(limits: &wgpu::Limits) -> Self {
        Ranges {
            // Shaders read whole vectors, of up to 32 bytes, for every alignment that the device allows.
            alignment: u64::from(limits.min_storage_buffer_offset_alignment).max(32),
            limit: limits.max_storage_buffer_binding_size.min(ADDRESSED),
        }
    }

    /// The most bytes of a range that one binding can hold wherever the range starts. The binding may start before it,
    /// and ends with a whole `u32`.
    pub(crate) fn max_len(&self) -> u64 {
        self.limit.saturating_sub(self.alignment + 4)
    }

    /// Checks that one binding can hold `bytes` bytes of a range wherever the range starts.
    pub(crate) fn check(&self, bytes: u64) -> Result<()> {
        let needed = bytes.saturating_add(self.alignment + 4);
        if self.limit < needed { Err(self.too_small(needed)) } else { Ok(()) }
    }

    /// The error for a binding that would need `needed` bytes.
    pub(crate) fn too_small(&self, needed: u64) -> Error {
        match self.limit {
            ADDRESSED => Error::BindingSize { needed, limit: ADDRESSED },
            found => Error::Limit { limit: "max_storage_buffer_binding_size", found, needed },
        }
    }

    /// Binds `length` elements of `element` bytes, from element `first` of a range on.
    pub(crate) fn bind(
        &self,
        range: &BufferRange,
        element: u64,
        first: u64,
        length: u64,
    ) -> BoundRange {
        let start = range.offset + element * first;
        let offset = start - start % self.alignment;
        // A binding cannot be empty.
        let size = (start + element * length - offset).next_multiple_of(4).max(4);
        BoundRange { buffer: range.buffer, offset, size, first: (start - offset) / element }
    }
}
