//! A buffer and a range of it, checked.

use bytemuck::Pod;

use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;

/// A buffer, or a range of one.
///
/// Every operation takes `impl Into<View>`: a `&wgpu::Buffer`, a `buffer.slice(..)`, a
/// `wgpu::BufferBinding`, or a range counted in elements. Nothing is checked before the operation
/// itself, and a range that does not fit is an [`Error`], never a panic (wgpu's own `Buffer::slice`
/// does panic past the buffer's end).
///
/// A buffer must belong to the operation's device; one of another device of the same `wgpu::Instance` is
/// refused. Buffers of another instance (each [`Gpu::new`](crate::Gpu::new) has its own) are
/// beyond what wgpu can tell apart: they give wrong results, or wait for ever.
///
/// ```
/// # use wgpu_relu::{Gpu, GpuRelu, View};
/// # let gpu = Gpu::new()?;
/// # let (x, y) = (gpu.upload(&[0.0f32; 8])?, gpu.upload(&[0.0f32; 8])?);
/// let relu = GpuRelu::new(&gpu);
/// relu.apply_into(&x, &y)?; // whole buffers
/// relu.apply_into(x.slice(4..16), y.slice(0..12))?; // bytes 4 to 16: elements 1 to 3
/// relu.apply_into(View::elements::<f32>(&x, 1, 3), View::elements::<f32>(&y, 0, 3))?; // the same
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
///
/// # Rows and strides
///
/// Elements need not lie behind one another: [`View::rows`] are rows at a pitch, and [`View::strided`] has
/// up to four dimensions. Their elements count in row-major order, so that a strided operand goes together with a
/// contiguous one as long, and with a strided one of the same shape. What is read may repeat itself (stride
/// 0); what is written must not. Uploads and downloads take contiguous ranges alone.
///
/// ```
/// # use wgpu_relu::{Gpu, GpuRelu, View};
/// # let gpu = Gpu::new()?;
/// // Two rows of three elements, 16 bytes apart, become six elements.
/// let x = gpu.upload(&[-1.0, 2.0, 3.0, f32::NAN, 4.0, -5.0, 6.0])?;
/// let y = GpuRelu::new(&gpu).apply(View::rows(&x, 0, 12, 2, 16))?;
/// assert_eq!(gpu.download(&y)?, [0.0, 2.0, 3.0, 4.0, 0.0, 6.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    /// Bytes.
    pub(crate) offset: u64,
    /// Bytes from the first element's first to the last one's last.
    pub(crate) size: u64,
    /// None: all elements behind one another.
    pub(crate) layout: Option<Layout>,
}

/// The most dimensions of a view.
pub(crate) const DIMENSIONS: usize = 4;

/// How a view's elements lie, the last dimension the fastest; those that it does not have are of size 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) shape: [u64; DIMENSIONS],
    /// Bytes from an element to the next.
    pub(crate) strides: [u64; DIMENSIONS],
    /// Bytes of an element; of rows none are said.
    element: Option<u64>,
}

impl<'a> View<'a> {
    /// `length` elements of type `T` from element `start` on.
    #[must_use]
    pub fn elements<T: Pod>(buffer: &'a wgpu::Buffer, start: u64, length: u64) -> Self {
        // Saturated, a range no buffer can hold stays one.
        let element = size_of::<T>() as u64;
        let (offset, size) = (start.saturating_mul(element), length.saturating_mul(element));
        View { buffer, offset, size, layout: None }
    }

    /// `rows` rows of `row_size` bytes from byte `offset` on, each `bytes_per_row` bytes after the one
    /// before: a padded image, or columns of a matrix.
    #[must_use]
    pub fn rows(
        buffer: &'a wgpu::Buffer,
        offset: u64,
        row_size: u64,
        rows: u64,
        bytes_per_row: u64,
    ) -> Self {
        let layout = Layout {
            shape: [1, 1, rows, row_size],
            strides: [0, 0, bytes_per_row, 1],
            element: None,
        };
        View { buffer, offset, size: layout.extent(1), layout: Some(layout) }
    }

    /// Elements of type `T` from element `start` on, of the given shape. `strides` says how many elements lie
    /// between one and the next in each dimension, of which the last is the fastest; at most four.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, View};
    /// # let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[1.0, 2.0, 3.0, -4.0, -5.0, -6.0])?; // [2, 3]
    /// let transposed = View::strided::<f32, 2>(&x, 0, [3, 2], [1, 3]);
    /// let y = GpuRelu::new(&gpu).apply(transposed)?; // [3, 2]
    /// assert_eq!(gpu.download(&y)?, [1.0, 0.0, 2.0, 0.0, 3.0, 0.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn strided<T: Pod, const N: usize>(
        buffer: &'a wgpu::Buffer,
        start: u64,
        shape: [u64; N],
        strides: [u64; N],
    ) -> Self {
        const { assert!(N <= DIMENSIONS, "a view has at most four dimensions") };
        let element = size_of::<T>() as u64;
        let (mut all, mut bytes) = ([1; DIMENSIONS], [0; DIMENSIONS]);
        all[DIMENSIONS - N..].copy_from_slice(&shape);
        bytes[DIMENSIONS - N..].copy_from_slice(&strides.map(|s| s.saturating_mul(element)));
        let layout = Layout::new(all, bytes, element);
        let (offset, size) = (start.saturating_mul(element), layout.extent(element));
        View { buffer, offset, size, layout: Some(layout) }
    }

    /// The buffer.
    #[must_use]
    pub fn buffer(&self) -> &'a wgpu::Buffer {
        self.buffer
    }

    /// Where the range starts, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How long the range is, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The number of elements of `element` bytes of a contiguous range, with the range and the usage checked.
    pub(crate) fn checked(
        &self,
        operand: Operand,
        element: u64,
        needed: wgpu::BufferUsages,
        needed_name: &'static str,
    ) -> Result<u64> {
        let (offset, size, buffer_size) = (self.offset, self.size, self.buffer.size());
        if offset.checked_add(size).is_none_or(|end| end > buffer_size) {
            return Err(Error::OutOfBounds { operand, offset, size, buffer_size });
        }
        if !offset.is_multiple_of(element) || !size.is_multiple_of(element) {
            return Err(Error::PartialElement { operand, offset, size, element });
        }
        let usage = self.buffer.usage();
        if !usage.contains(needed) {
            let found = usage.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join(" | ");
            return Err(Error::MissingUsage { operand, needed: needed_name, found });
        }
        Ok(size / element)
    }

    /// Itself, if its elements lie behind one another.
    pub(crate) fn contiguous(&self, operand: Operand) -> Result<&Self> {
        if self.layout.is_some() { Err(Error::Strided { operand }) } else { Ok(self) }
    }

    /// The number of elements, checked as an operand of a shader.
    pub(crate) fn storage(&self, operand: Operand, element: ElementType) -> Result<u64> {
        let bytes = element.size();
        let length = self.checked(operand, bytes, wgpu::BufferUsages::STORAGE, "STORAGE")?;
        // Shaders see whole words.
        let words = self.buffer.size() / 4 * 4;
        if self.offset + self.size > words {
            return Err(Error::PartialWord { operand, buffer_size: self.buffer.size() });
        }
        match self.layout {
            None => Ok(length),
            Some(layout) => layout.elements(operand, bytes),
        }
    }

    /// Whether both are ranges of one buffer.
    pub(crate) fn same_buffer(&self, other: &View<'_>) -> bool {
        self.buffer == other.buffer
    }

    /// Whether two contiguous ranges share a byte without being the same range.
    pub(crate) fn overlaps_in_part(&self, other: &View<'_>) -> bool {
        self.same_buffer(other)
            && self.offset != other.offset
            && self.offset < other.offset + other.size
            && other.offset < self.offset + self.size
    }
}

impl Layout {
    /// Of elements of `element` bytes, with strides in bytes.
    pub(crate) fn new(shape: [u64; DIMENSIONS], strides: [u64; DIMENSIONS], element: u64) -> Self {
        Layout { shape, strides, element: Some(element) }
    }

    /// Bytes from the first element's first to the last one's last. Saturated, a range no buffer can hold
    /// stays one.
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
        // What is read may repeat itself, but nothing that is written is as long as this.
        let length = shape.into_iter().try_fold(1u64, u64::checked_mul);
        let limit = u64::MAX / bytes;
        length.filter(|length| *length <= limit).ok_or(Error::TooLarge { size: u64::MAX, limit })
    }

    /// That no two elements share a place: each dimension steps over all that is faster.
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

    /// With elements of `bytes` bytes: rows have as many as they hold.
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

impl<'a> From<&'a wgpu::Buffer> for View<'a> {
    fn from(buffer: &'a wgpu::Buffer) -> Self {
        View { buffer, offset: 0, size: buffer.size(), layout: None }
    }
}

impl<'a> From<wgpu::BufferSlice<'a>> for View<'a> {
    fn from(slice: wgpu::BufferSlice<'a>) -> Self {
        View { buffer: slice.buffer(), offset: slice.offset(), size: slice.size(), layout: None }
    }
}

impl<'a> From<wgpu::BufferBinding<'a>> for View<'a> {
    fn from(binding: wgpu::BufferBinding<'a>) -> Self {
        let rest = binding.buffer.size().saturating_sub(binding.offset);
        let size = binding.size.map_or(rest, std::num::NonZero::get);
        View { buffer: binding.buffer, offset: binding.offset, size, layout: None }
    }
}
