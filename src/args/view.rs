//! A buffer and a range of it, checked.

use bytemuck::Pod;

use crate::args::range::{self, BufferRange, Layout};
use crate::element::ElementType;
use crate::error::Result;
use crate::operand::Operand;

/// A buffer, or a range of one.
///
/// Every operation takes `impl Into<View>`: a `&wgpu::Buffer`, a `buffer.slice(..)`, a
/// `wgpu::BufferBinding`, or a range counted in elements. Nothing is checked before the operation
/// itself, and a range that does not fit is an [`Error`](crate::Error), never a panic (wgpu's own `Buffer::slice`
/// does panic past the buffer's end).
///
/// A buffer must belong to the operation's device; one of another device of the same `wgpu::Instance` is refused. wgpu
/// cannot tell buffers of another instance apart: they give wrong results, or calls wait for ever. Every
/// [`Gpu::new`](crate::Gpu::new) shares one instance, except on OpenGL.
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
/// Elements need not be contiguous: [`View::rows_of`] makes rows at a pitch, and [`View::strided`] has up to four
/// dimensions. Elements count in row-major order, so a strided operand goes with a contiguous one of the same length,
/// and with a strided one of the same shape. An input may repeat elements (stride 0); an output must not. Uploads and
/// downloads take contiguous ranges only.
///
/// ```
/// # use wgpu_relu::{Gpu, GpuRelu, View};
/// # let gpu = Gpu::new()?;
/// // Two rows of three elements, four elements apart, become six elements.
/// let x = gpu.upload(&[-1.0, 2.0, 3.0, f32::NAN, 4.0, -5.0, 6.0])?;
/// let y = GpuRelu::new(&gpu).apply(View::rows_of::<f32>(&x, 0, 3, 2, 4))?;
/// assert_eq!(gpu.download(&y)?, [0.0, 2.0, 3.0, 4.0, 0.0, 6.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    /// Bytes.
    pub(crate) offset: u64,
    /// Bytes from the first byte of the first element to the last byte of the last one.
    pub(crate) size: u64,
    /// None: contiguous.
    pub(crate) layout: Option<Layout>,
}

impl<'a> View<'a> {
    /// `length` elements of type `T` from element `start` on.
    #[must_use]
    pub fn elements<T: Pod>(buffer: &'a wgpu::Buffer, start: u64, length: u64) -> Self {
        let (offset, size) = range::contiguous::<T>(start, length);
        View { buffer, offset, size, layout: None }
    }

    /// `rows` rows of `length` elements of type `T` from element `start` on, each `pitch` elements after the row before:
    /// a padded image, or some columns of a matrix.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, View};
    /// # let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[1.0, -2.0, 3.0, -4.0, 5.0, -6.0, -7.0, 8.0])?; // [2, 4]
    /// let columns = View::rows_of::<f32>(&x, 1, 2, 2, 4); // columns 1 and 2
    /// let y = GpuRelu::new(&gpu).apply(columns)?; // [2, 2]
    /// assert_eq!(gpu.download(&y)?, [0.0, 3.0, 0.0, 0.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn rows_of<T: Pod>(
        buffer: &'a wgpu::Buffer,
        start: u64,
        length: u64,
        rows: u64,
        pitch: u64,
    ) -> Self {
        View::strided::<T, 2>(buffer, start, [rows, length], [pitch, 1])
    }

    /// `rows` rows of `row_size` bytes from byte `offset` on, each `bytes_per_row` bytes after the row before. As in
    /// `wgpu::TexelCopyBufferLayout`, everything is in bytes; the operator decides how many elements a row has.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, View};
    /// # let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[-1.0, 2.0, 3.0, f32::NAN, 4.0, -5.0, 6.0])?;
    /// let y = GpuRelu::new(&gpu).apply(View::rows_in_bytes(&x, 0, 12, 2, 16))?;
    /// assert_eq!(gpu.download(&y)?, [0.0, 2.0, 3.0, 4.0, 0.0, 6.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn rows_in_bytes(
        buffer: &'a wgpu::Buffer,
        offset: u64,
        row_size: u64,
        rows: u64,
        bytes_per_row: u64,
    ) -> Self {
        let layout = Layout::rows(row_size, rows, bytes_per_row);
        View { buffer, offset, size: layout.extent(1), layout: Some(layout) }
    }

    /// The former name of [`rows_in_bytes`](View::rows_in_bytes). [`rows_of`](View::rows_of) counts in elements, as
    /// [`elements`](View::elements) and [`strided`](View::strided) do.
    #[must_use]
    pub fn rows(
        buffer: &'a wgpu::Buffer,
        offset: u64,
        row_size: u64,
        rows: u64,
        bytes_per_row: u64,
    ) -> Self {
        View::rows_in_bytes(buffer, offset, row_size, rows, bytes_per_row)
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
        let (offset, layout) = Layout::strided::<T, N>(start, shape, strides);
        let size = layout.extent(size_of::<T>() as u64);
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

    /// The range of the buffer with this number.
    pub(crate) fn range(&self, number: u32) -> BufferRange {
        let View { buffer, offset, size, layout } = *self;
        let whole = BufferRange::whole(number, buffer.size());
        BufferRange { usage: buffer.usage(), offset, size, layout, ..whole }
    }

    /// The same as [`BufferRange::checked`].
    pub(crate) fn checked(
        &self,
        operand: Operand,
        element: u64,
        needed: wgpu::BufferUsages,
        needed_name: &'static str,
    ) -> Result<u64> {
        self.range(0).checked(operand, element, needed, needed_name)
    }

    /// Itself, if its elements are contiguous.
    pub(crate) fn contiguous(&self, operand: Operand) -> Result<&Self> {
        self.range(0).contiguous(operand).map(|_| self)
    }

    /// The same as [`BufferRange::storage`].
    pub(crate) fn storage(&self, operand: Operand, element: ElementType) -> Result<u64> {
        self.range(0).storage(operand, element)
    }

    /// Whether both are ranges of one buffer.
    pub(crate) fn same_buffer(&self, other: &View<'_>) -> bool {
        self.buffer == other.buffer
    }
}

/// The buffers of a call, by their numbers, each with its first operand.
#[derive(Debug, Default)]
pub(crate) struct Buffers<'a>(pub(crate) Vec<(Operand, &'a wgpu::Buffer)>);

impl<'a> Buffers<'a> {
    /// The view's range, of its buffer's number. Views of one buffer get one number.
    pub(crate) fn range(&mut self, operand: Operand, view: View<'a>) -> BufferRange {
        let known = self.0.iter().position(|(_, buffer)| *buffer == view.buffer);
        let number = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push((operand, view.buffer));
        }
        view.range(number as u32)
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
