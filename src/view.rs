//! A buffer and a range of it, checked.

use bytemuck::Pod;

use crate::error::{Error, Operand, Result};

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
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    /// Bytes.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) size: u64,
}

impl<'a> View<'a> {
    /// `length` elements of type `T` from element `start` on.
    #[must_use]
    pub fn elements<T: Pod>(buffer: &'a wgpu::Buffer, start: u64, length: u64) -> Self {
        // Saturated, a range no buffer can hold stays one.
        let element = size_of::<T>() as u64;
        View { buffer, offset: start.saturating_mul(element), size: length.saturating_mul(element) }
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

    /// The number of elements of type `T`, with the range and the usage checked.
    pub(crate) fn checked<T: Pod>(
        &self,
        operand: Operand,
        needed: wgpu::BufferUsages,
        needed_name: &'static str,
    ) -> Result<u64> {
        let (offset, size, buffer_size) = (self.offset, self.size, self.buffer.size());
        if offset.checked_add(size).is_none_or(|end| end > buffer_size) {
            return Err(Error::OutOfBounds { operand, offset, size, buffer_size });
        }
        let element = size_of::<T>() as u64;
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

    /// [`checked`](View::checked) as an operand of a shader.
    pub(crate) fn storage(&self, operand: Operand) -> Result<u64> {
        self.checked::<f32>(operand, wgpu::BufferUsages::STORAGE, "STORAGE")
    }

    /// Whether both are ranges of one buffer.
    pub(crate) fn same_buffer(&self, other: &View<'_>) -> bool {
        self.buffer == other.buffer
    }

    /// Whether the two share a byte without being the same range.
    pub(crate) fn overlaps_in_part(&self, other: &View<'_>) -> bool {
        self.same_buffer(other)
            && self.offset != other.offset
            && self.offset < other.offset + other.size
            && other.offset < self.offset + self.size
    }
}

impl<'a> From<&'a wgpu::Buffer> for View<'a> {
    fn from(buffer: &'a wgpu::Buffer) -> Self {
        View { buffer, offset: 0, size: buffer.size() }
    }
}

impl<'a> From<wgpu::BufferSlice<'a>> for View<'a> {
    fn from(slice: wgpu::BufferSlice<'a>) -> Self {
        View { buffer: slice.buffer(), offset: slice.offset(), size: slice.size() }
    }
}

impl<'a> From<wgpu::BufferBinding<'a>> for View<'a> {
    fn from(binding: wgpu::BufferBinding<'a>) -> Self {
        let rest = binding.buffer.size().saturating_sub(binding.offset);
        let size = binding.size.map_or(rest, std::num::NonZero::get);
        View { buffer: binding.buffer, offset: binding.offset, size }
    }
}
