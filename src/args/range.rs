//! Ranges of numbered buffers, and where their elements are.

use bytemuck::Pod;

use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;

/// The most dimensions of a view.
pub(crate) const DIMENSIONS: usize = 4;

/// Where the elements of a range are. The last dimension is the fastest; a missing dimension has the size 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) shape: [u64; DIMENSIONS],
    /// Bytes from one element to the next.
    pub(crate) strides: [u64; DIMENSIONS],
    /// Bytes per element. None for rows, which any element type can fill.
    element: Option<u64>,
}

/// A buffer by its number: one of the caller's buffers, or a scratch buffer that a plan asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BufferId {
    /// A buffer of the caller, who numbers them.
    Operand(u32),
    /// The scratch buffer with this index in [`Plan::scratch`](crate::plan::Plan::scratch).
    Scratch(u32),
}

/// A range of a numbered buffer, whose elements are contiguous, in rows or strided.
///
/// Two ranges of one buffer that an operation writes must be equal (in place) or disjoint. Nothing is checked before
/// [`Request::plan`](crate::plan::Request::plan).
///
/// ```
/// use wgpu_relu::plan::BufferRange;
///
/// let x = BufferRange::whole(0, 4096); // 1024 f32 of buffer 0
/// let y = BufferRange::elements::<f32>(1, 8192, 256, 1024); // element 256 and on of buffer 1, which has 8192 bytes
/// # let _ = (x, y);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BufferRange {
    pub(crate) buffer: BufferId,
    /// Bytes of the whole buffer.
    pub(crate) buffer_size: u64,
    pub(crate) usage: wgpu::BufferUsages,
    /// Bytes.
    pub(crate) offset: u64,
    /// Bytes from the first byte of the first element to the last byte of the last one.
    pub(crate) size: u64,
    /// None: all elements are contiguous.
    pub(crate) layout: Option<Layout>,
}

impl BufferRange {
    /// All bytes of the buffer with this number, which has `buffer_size` bytes.
    #[must_use]
    pub fn whole(buffer: u32, buffer_size: u64) -> Self {
        BufferRange {
            buffer: BufferId::Operand(buffer),
            buffer_size,
            usage: wgpu::BufferUsages::STORAGE,
            offset: 0,
            size: buffer_size,
            layout: None,
        }
    }

    /// `length` elements of type `T` from element `start` on, of the buffer with this number.
    #[must_use]
    pub fn elements<T: Pod>(buffer: u32, buffer_size: u64, start: u64, length: u64) -> Self {
        let (offset, size) = contiguous::<T>(start, length);
        BufferRange { offset, size, ..BufferRange::whole(buffer, buffer_size) }
    }

    /// Elements of type `T` from element `start` on, of the given shape. `strides` counts the elements from one
    /// element to the next in each dimension. The last dimension is the fastest; there are at most four.
    #[must_use]
    pub fn strided<T: Pod, const N: usize>(
        buffer: u32,
        buffer_size: u64,
        start: u64,
        shape: [u64; N],
        strides: [u64; N],
    ) -> Self {
        let (offset, layout) = Layout::strided::<T, N>(start, shape, strides);
        let size = layout.extent(size_of::<T>() as u64);
        BufferRange {
            offset,
            size,
            layout: Some(layout),
            ..BufferRange::whole(buffer, buffer_size)
        }
    }

    /// The number of elements of `element` bytes of a contiguous range, with the range and the usage checked.
    pub(crate) fn checked(
        &self,
        operand: Operand,
        element: u64,
        needed: wgpu::BufferUsages,
        needed_name: &'static str,
    ) -> Result<u64> {
        let BufferRange { offset, size, buffer_size, usage, .. } = *self;
        if offset.checked_add(size).is_none_or(|end| end > buffer_size) {
            return Err(Error::OutOfBounds { operand, offset, size, buffer_size });
        }
        if !offset.is_multiple_of(element) || !size.is_multiple_of(element) {
            return Err(Error::PartialElement { operand, offset, size, element });
        }
        if !usage.contains(needed) {
            let found = usage.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join(" | ");
            return Err(Error::MissingUsage { operand, needed: needed_name, found });
        }
        Ok(size / element)
    }

    /// Itself, if its elements are contiguous.
    pub(crate) fn contiguous(&self, operand: Operand) -> Result<&Self> {
        if self.layout.is_some() { Err(Error::Strided { operand }) } else { Ok(self) }
    }

    /// The number of elements, checked as an operand of a shader.
    pub(crate) fn storage(&self, operand: Operand, element: ElementType) -> Result<u64> {
        let bytes = element.size();
        if let Some(layout) = self.layout {
            // Before the bytes from the first to the last element, which depend on the rows.
            layout.of(operand, bytes)?;
        }
        let length = self.checked(operand, bytes, wgpu::BufferUsages::STORAGE, "STORAGE")?;
        // Shaders see whole words.
        let words = self.buffer_size / 4 * 4;
        if self.offset + self.size > words {
            return Err(Error::PartialWord { operand, buffer_size: self.buffer_size });
        }
        match self.layout {
            None => Ok(length),
            Some(layout) => layout.elements(operand, bytes),
        }
    }

    /// Whether both are ranges of one buffer.
    pub(crate) fn same_buffer(&self, other: &BufferRange) -> bool {
        self.buffer == other.buffer
    }

    /// Whether two contiguous ranges share a byte without being the same range.
    pub(crate) fn overlaps_in_part(&self, other: &BufferRange) -> bool {
        self.same_buffer(other)
            && self.offset != other.offset
            && self.offset < other.offset + other.size
            && other.offset < self.offset + self.size
    }
}

/// The bytes before element `start`, and the bytes of `length` elements from there. They saturate, so a range that no
/// buffer can hold stays one.
pub(crate) fn contiguous<T: Pod>(start: u64, length: u64) -> (u64, u64) {
    let element = size_of::<T>() as u64;
    (start.saturating_mul(element), length.saturating_mul(element))
}

impl Layout {
    /// The layout of elements of `element` bytes, with strides in bytes.
    pub(crate) fn new(shape: [u64; DIMENSIONS], strides: [u64; DIMENSIONS], element: u64) -> Self {
        Layout { shape, strides, element: Some(element) }
    }

    /// Rows of `row_size` bytes, which begin `bytes_per_row` bytes apart.
    pub(crate) fn rows(row_size: u64, rows: u64, bytes_per_row: u64) -> Self {
        let (shape, strides) = ([1, 1, rows, row_size], [0, 0, bytes_per_row, 1]);
        Layout { shape, strides, element: None }
    }

    /// Up to four dimensions with strides in elements, and the bytes before element `start`.
    pub(crate) fn strided<T: Pod, const N: usize>(
        start: u64,
        shape: [u64; N],
        strides: [u64; N],
    ) -> (u64, Self) {
        const { assert!(N <= DIMENSIONS, "a view has at most four dimensions") };
        let element = size_of::<T>() as u64;
        let (mut all, mut bytes) = ([1; DIMENSIONS], [0; DIMENSIONS]);
        all[DIMENSIONS - N..].copy_from_slice(&shape);
        bytes[DIMENSIONS - N..].copy_from_slice(&strides.map(|s| s.saturating_mul(element)));
        (start.saturating_mul(element), Layout::new(all, bytes, element))
    }

    /// Bytes from the first byte of the first element to the last byte of the last one. They saturate, so a range that
    /// no buffer can hold stays one.
    pub(crate) fn extent(&self, element: u64) -> u64 {
        if self.shape.contains(&0) {
            return 0;
        }
        let last = self.shape.iter().zip(self.strides);
        last.fold(element, |sum, (size, stride)| {
            sum.saturating_add((size - 1).saturating_mul(stride))
        })
    }

    /// How many elements of `bytes` bytes there are.
    fn elements(&self, operand: Operand, bytes: u64) -> Result<u64> {
        let Layout { shape, strides, .. } = self.of(operand, bytes)?;
        for (dimension, (&size, &stride)) in shape.iter().zip(&strides).enumerate() {
            if size > 1 && !stride.is_multiple_of(bytes) {
                let rule = "a multiple of";
                return Err(Error::Stride { operand, dimension, stride, rule, bound: bytes });
            }
        }
        // Only an input that repeats its elements can be so long.
        let length = shape.into_iter().try_fold(1u64, u64::checked_mul);
        let limit = u64::MAX / bytes;
        length.filter(|length| *length <= limit).ok_or(Error::TooLarge { size: u64::MAX, limit })
    }

    /// Checks that no two elements share a place: the stride of each dimension reaches past all faster dimensions.
    pub(crate) fn check_written(&self, operand: Operand, bytes: u64) -> Result<()> {
        let Layout { shape, strides, .. } = self.of(operand, bytes)?;
        if shape.contains(&0) {
            return Ok(());
        }
        let mut left: Vec<_> = (0..DIMENSIONS).filter(|&d| shape[d] > 1).collect();
        let mut extent = bytes;
        // The fastest first; sorting would bring 5 KB of code into a page for four numbers.
        while let Some(at) = (0..left.len()).min_by_key(|&at| strides[left[at]]) {
            let dimension = left.remove(at);
            let stride = strides[dimension];
            if stride < extent {
                let (rule, bound) = ("at least", extent);
                return Err(Error::Stride { operand, dimension, stride, rule, bound });
            }
            extent += (shape[dimension] - 1) * stride;
        }
        Ok(())
    }

    /// The layout with elements of `bytes` bytes. Rows have as many elements as they hold.
    pub(crate) fn of(&self, operand: Operand, bytes: u64) -> Result<Layout> {
        let mut layout = *self;
        let [.., row] = &mut layout.shape;
        let [.., stride] = &mut layout.strides;
        match self.element {
            None if row.is_multiple_of(bytes) => (*row, *stride) = (*row / bytes, bytes),
            Some(element) if element == bytes => {}
            found => {
                let found = found.unwrap_or(*row);
                return Err(Error::LayoutElement { operand, found, element: bytes });
            }
        }
        layout.element = Some(bytes);
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at every element. Most buffers end near the end of the view.
    #[test]
    fn any_view_is_inside_its_buffer_or_refused() {
        let input = bolero::produce::<(u8, [u8; 4], [u8; 4], i8)>();
        bolero::check!().with_generator(input).with_iterations(2000).for_each(
            |(start, shape, strides, left)| {
                let shape = shape.map(|size| u64::from(size % 6));
                let strides = strides.map(u64::from);
                let start = u64::from(*start);
                let mut places = Vec::new();
                for index in 0..shape.iter().product() {
                    let (mut left, mut at) = (index, start);
                    for d in (0..4).rev() {
                        at += left % shape[d] * strides[d];
                        left /= shape[d];
                    }
                    places.push(at);
                }
                let end = places.iter().max().map_or(4 * start, |last| 4 * last + 4);
                let buffer_size = end.saturating_add_signed(4 * i64::from(left % 8));
                let range = BufferRange::strided::<f32, 4>(0, buffer_size, start, shape, strides);
                match range.storage(Operand::X, ElementType::F32) {
                    Ok(length) => {
                        assert!(end <= buffer_size);
                        assert_eq!(length, places.len() as u64);
                    }
                    Err(error) => {
                        assert!(matches!(error, Error::OutOfBounds { .. }), "{error}");
                        assert!(end > buffer_size, "{error}");
                    }
                }
            },
        );
    }
}
