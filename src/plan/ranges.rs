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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of devices with small bindings.
    const RANGES: [Ranges; 2] =
        [Ranges { alignment: 32, limit: 1024 }, Ranges { alignment: 256, limit: 1024 }];

    fn range(offset: u64) -> BufferRange {
        BufferRange { offset, ..BufferRange::whole(7, 1 << 20) }
    }

    /// Reliability 5.
    #[test]
    fn bindings_hold_their_elements_and_little_else() {
        for ranges in RANGES {
            for element in [2, 4, 8] {
                for (start, first, length) in
                    [(0, 0, 0), (0, 0, 1), (3, 0, 5), (0, 100, 7), (129, 33, 64), (64, 64, 1)]
                {
                    let bound = ranges.bind(&range(start * element), element, first, length);
                    let case = format!("{ranges:?}, {element} bytes: {bound:?}");
                    let start = (start + first) * element;
                    assert_eq!(bound.buffer, BufferId::Operand(7));
                    assert_eq!(bound.offset % ranges.alignment, 0, "{case}");
                    assert!(start - bound.offset < ranges.alignment, "{case}");
                    assert_eq!(bound.offset + bound.first * element, start, "{case}");
                    let end = (start + length * element).next_multiple_of(4);
                    assert_eq!(bound.offset + bound.size, end.max(bound.offset + 4), "{case}");
                }
            }
        }
    }

    /// Reliability 11.
    #[test]
    fn a_binding_holds_the_most_bytes_wherever_they_start() {
        for ranges in RANGES {
            let most = ranges.max_len();
            assert_eq!(most, ranges.limit - ranges.alignment - 4);
            assert_eq!(ranges.check(most), Ok(()));
            for start in (0..2 * ranges.alignment).step_by(2) {
                let bound = ranges.bind(&range(start), 2, 0, most / 2);
                assert!(bound.size <= ranges.limit, "{ranges:?}: {bound:?}");
            }
            let limit = "max_storage_buffer_binding_size";
            let error = Error::Limit { limit, found: 1024, needed: 1025 };
            assert_eq!(ranges.check(most + 1), Err(error));
            assert!(ranges.check(u64::MAX).is_err());
        }
        assert_eq!(Ranges { alignment: 256, limit: 16 }.max_len(), 0);
    }

    #[test]
    fn no_binding_is_longer_than_shaders_address() {
        let limits = wgpu::Limits {
            min_storage_buffer_offset_alignment: 16,
            max_storage_buffer_binding_size: u64::from(u32::MAX),
            ..Default::default()
        };
        let ranges = Ranges::new(&limits);
        assert_eq!((ranges.alignment, ranges.limit), (32, 2_147_483_648));
        let error = Error::BindingSize { needed: 2_147_483_648 + 36, limit: 2_147_483_648 };
        assert_eq!(ranges.check(2_147_483_648), Err(error));
    }
}
