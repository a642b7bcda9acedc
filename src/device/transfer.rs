//! Transfers between the host's memory and the device's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_intrusive::channel::shared::{OneshotReceiver, OneshotSender, oneshot_channel};

use crate::args::view::View;
#[cfg(not(target_arch = "wasm32"))]
use crate::device::error_scope::is_lost;
use crate::device::error_scope::{Resource, Used, catch_errors, not_mapped, poll};
use crate::device::staging::SMALLEST;
#[cfg(not(target_arch = "wasm32"))]
use crate::device::wait::{Done, wait};
use crate::device::{Gpu, Shared};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::operand::Operand;

const UPLOAD: &str = "uploading";
const DOWNLOAD: &str = "downloading";

/// How many chunks of a transfer are under way at once.
#[cfg(not(target_arch = "wasm32"))]
const IN_FLIGHT: usize = 2;

impl Gpu {
    /// Copies `data` into a new buffer, which every operator takes.
    ///
    /// Returns when the data has left the slice; the device may still be copying. If the device can map the new buffer
    /// (a software adapter that [`Gpu::request`] opened), the data is written straight into it. Otherwise it goes
    /// through pooled staging buffers, two chunks of up to 32 MiB at a time. Up to 64 KiB, and in a browser any length,
    /// go through [`wgpu::Queue::write_buffer`].
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] past the device's buffer limit, [`Error::OutOfMemory`],
    /// [`Error::DeviceLost`].
    ///
    /// ```
    /// # use wgpu_relu::Gpu;
    /// let x = Gpu::new()?.upload(&[-1.0, 0.0, 2.0])?;
    /// assert_eq!(x.size(), 12); // bytes
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn upload(&self, data: &[f32]) -> Result<wgpu::Buffer> {
        self.upload_elements(data)
    }

    /// Does the same as [`upload`](Gpu::upload) for elements of any type. The buffer's length is a multiple of 4 bytes:
    /// an odd number of 16-bit floats is followed by a 0.
    ///
    /// # Errors
    ///
    /// Those of [`upload`](Gpu::upload).
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, half::f16};
    /// let x = Gpu::new()?.upload_elements(&[f16::ONE; 3])?;
    /// assert_eq!(x.size(), 8); // bytes
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn upload_elements<T: Element>(&self, data: &[T]) -> Result<wgpu::Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(data);
        let in_place = !cfg!(target_arch = "wasm32") && self.shared.mappable && !bytes.is_empty();
        let buffer = self.buffer(bytes.len().next_multiple_of(4) as u64, in_place)?;
        if in_place {
            self.fill_mapped(UPLOAD, &buffer, bytes)?;
        } else if !bytes.is_empty() {
            self.write(&View::from(&buffer), bytes)?;
        }
        Ok(buffer)
    }

    /// Copies `data` into a buffer, or a range of one, of the same length. Saves the cost of a new allocation, which is
    /// several times that of the copy if it is large.
    ///
    /// The buffer needs the usage `COPY_DST`. It may be in use, so the data takes the way of [`upload`](Gpu::upload) to
    /// a buffer that cannot be mapped. Work that was submitted before sees the old contents, later work the new ones.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], and errors for a range that does not fit, a missing usage, a buffer that is
    /// destroyed, mapped or of another device, and a lost device. After an error the range's contents are unspecified.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, View};
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[-1.0, 0.0, 2.0])?;
    /// gpu.upload_into(&[5.0], x.slice(4..8))?; // bytes: element 1
    /// assert_eq!(gpu.download(&x)?, [-1.0, 5.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn upload_into<'a>(&self, data: &[f32], target: impl Into<View<'a>>) -> Result<()> {
        self.upload_elements_into(data, target)
    }

    /// Does the same as [`upload_into`](Gpu::upload_into) for elements of any type, into a range that starts and ends
    /// at a multiple of 4 bytes.
    ///
    /// # Errors
    ///
    /// Those of [`upload_into`](Gpu::upload_into), and [`Error::PartialElement`] for a range of 16-bit floats that
    /// starts or ends within 4 bytes.
    pub fn upload_elements_into<'a, T: Element>(
        &self,
        data: &[T],
        target: impl Into<View<'a>>,
    ) -> Result<()> {
        let target = target.into();
        let operand = Operand::Target;
        let words = target.contiguous(operand)?.checked(
            operand,
            4,
            wgpu::BufferUsages::COPY_DST,
            "COPY_DST",
        )?;
        let length = words * 4 / T::TYPE.size();
        let expected = data.len() as u64;
        if length != expected {
            return Err(Error::LengthMismatch {
                operand,
                length,
                reference: Operand::Data,
                expected,
            });
        }
        self.write(&target, bytemuck::cast_slice(data))
    }

    fn write(&self, target: &View<'_>, bytes: &[u8]) -> Result<()> {
        let Shared { device, queue, staging, .. } = &*self.shared;
        let used = || vec![(Operand::Target, Resource::Buffer(target.buffer.clone()))];
        let used: Used<'_> = &used;
        // Buffers of earlier uploads return to the pool in a poll. This one does not wait.
        let _ = poll(device, wgpu::PollType::Poll);
        // Pooled buffers keep their memory when the device is lost, so writing to one would not notice the loss.
        #[cfg(not(target_arch = "wasm32"))]
        if is_lost(device) {
            return Err(Error::DeviceLost { doing: UPLOAD });
        }
        // Faster up to this length. A browser has staging buffers of its own, and cannot wait for ours.
        if cfg!(target_arch = "wasm32") || bytes.len() as u64 <= SMALLEST {
            let (words, rest) = bytes.split_at(bytes.len() / 4 * 4);
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            let write = |_: &mut _| {
                queue.write_buffer(target.buffer, target.offset, words);
                if !rest.is_empty() {
                    queue.write_buffer(target.buffer, target.offset + words.len() as u64, &last);
                }
            };
            return self.submit(UPLOAD, used, write);
        }
        #[cfg(not(target_arch = "wasm32"))]
        let mut under_way = std::collections::VecDeque::new();
        let mut offset = target.offset;
        for chunk in bytes.chunks(staging.chunk() as usize) {
            #[cfg(not(target_arch = "wasm32"))]
            if under_way.len() == IN_FLIGHT {
                under_way.pop_front().map_or(Ok(()), |done| wait(device, &done, UPLOAD))?;
            }
            let part = self.write_staging(chunk.len() as u64)?;
            self.fill_mapped(UPLOAD, &part, chunk)?;
            let length = chunk.len() as u64;
            self.submit(UPLOAD, used, |encoder| {
                let words = length.next_multiple_of(4);
                encoder.copy_buffer_to_buffer(&part, 0, target.buffer, offset, words);
            })?;
            offset += length;
            // The device holds the callback, so the callback must not hold the device.
            let shared = Arc::downgrade(&self.shared);
            let returning = part.clone();
            catch_errors(device, UPLOAD, || {
                part.map_async(wgpu::MapMode::Write, .., move |mapped| {
                    if let (Ok(()), Some(shared)) = (mapped, shared.upgrade()) {
                        shared.staging.write.put(returning);
                    }
                });
            })?;
            #[cfg(not(target_arch = "wasm32"))]
            under_way.push_back(Done::of(queue));
        }
        Ok(())
    }

    /// A buffer to send `bytes` through, mapped: from the pool, or new.
    pub(crate) fn write_staging(&self, bytes: u64) -> Result<wgpu::Buffer> {
        let staging = &self.shared.staging;
        let size = staging.size_for(bytes);
        if let Some(buffer) = staging.write.take(size) {
            return Ok(buffer);
        }
        self.create(&wgpu::BufferDescriptor {
            label: Some("wgpu-relu staging"),
            size,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        })
    }

    /// A buffer to receive `bytes` through, not mapped: from the pool, or new.
    pub(crate) fn read_staging(&self, bytes: u64) -> Result<wgpu::Buffer> {
        let staging = &self.shared.staging;
        let size = staging.size_for(bytes);
        if let Some(buffer) = staging.read.take(size) {
            return Ok(buffer);
        }
        self.create(&wgpu::BufferDescriptor {
            label: Some("wgpu-relu staging"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Copies a buffer, or a range of one, into the host's memory. Waits until the device has done all work that was
    /// submitted before.
    ///
    /// The buffer needs the usage `COPY_SRC`. The data comes through pooled staging buffers, two chunks
    /// of up to 32 MiB at a time.
    ///
    /// # Errors
    ///
    /// For a range that does not fit, a missing usage, a buffer that is destroyed, mapped or of another
    /// device, and a lost device; [`Error::OutOfHostMemory`].
    ///
    /// ```
    /// # use wgpu_relu::Gpu;
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[-1.0, 0.0, 2.0])?;
    /// assert_eq!(gpu.download(&x)?, [-1.0, 0.0, 2.0]);
    /// assert_eq!(gpu.download(x.slice(8..))?, [2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download<'a>(&self, source: impl Into<View<'a>>) -> Result<Vec<f32>> {
        self.download_elements(source)
    }

    /// Does the same as [`download`](Gpu::download) for elements of any type. A range of 16-bit floats may start and
    /// end anywhere.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Gpu::download).
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, View, half::f16};
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload_elements(&[0.0, 1.0, 2.0].map(f16::from_f32))?;
    /// let last: Vec<f16> = gpu.download_elements(View::elements::<f16>(&x, 2, 1))?;
    /// assert_eq!(last, [f16::from_f32(2.0)]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download_elements<'a, T: Element>(&self, source: impl Into<View<'a>>) -> Result<Vec<T>> {
        let source = source.into();
        let mut data = on_host(readable::<T>(&source)?)?;
        self.download_elements_into(source, &mut data)?;
        Ok(data)
    }

    /// Copies a buffer, or a range of one, into a slice of the same length. Saves the cost of a new allocation. After
    /// an error the slice's contents are unspecified.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Gpu::download), and [`Error::LengthMismatch`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download_into<'a>(&self, source: impl Into<View<'a>>, data: &mut [f32]) -> Result<()> {
        self.download_elements_into(source, data)
    }

    /// Does the same as [`download_into`](Gpu::download_into) for elements of any type.
    ///
    /// # Errors
    ///
    /// Those of [`download_into`](Gpu::download_into).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download_elements_into<'a, T: Element>(
        &self,
        source: impl Into<View<'a>>,
        data: &mut [T],
    ) -> Result<()> {
        let source = source.into();
        let expected = readable::<T>(&source)?;
        if data.len() as u64 != expected {
            return Err(Error::LengthMismatch {
                operand: Operand::Destination,
                length: data.len() as u64,
                reference: Operand::Source,
                expected,
            });
        }
        if data.is_empty() {
            return Ok(());
        }
        let mut rest: &mut [u8] = bytemuck::cast_slice_mut(data);
        let mut under_way = std::collections::VecDeque::new();
        let mut finish = |(mut reads, into): (Vec<Read>, &mut [u8])| {
            // Each chunk has one read.
            reads.pop().map_or(Ok(()), |read| read.wait()?.copy_to(into))
        };
        for chunk in chunks(&source, self.shared.staging.chunk()) {
            if under_way.len() == IN_FLIGHT {
                under_way.pop_front().map_or(Ok(()), &mut finish)?;
            }
            let (into, after) = rest.split_at_mut(chunk.place.payload);
            rest = after;
            under_way.push_back((self.start_reads(&[chunk])?, into));
        }
        under_way.into_iter().try_for_each(finish)
    }

    /// Copies a buffer, or a range of one, into the host's memory without blocking. It submits the copy at once, so the
    /// result has the contents of that moment. The future completes when the data has arrived, on native targets and in
    /// a browser.
    ///
    /// On native targets a short-lived thread waits for the device meanwhile, so nobody else needs to poll the device.
    /// It polls, and sleeps up to 1 ms in between. A lost device ends the future with an error. The download takes
    /// staging buffers for the whole range at once.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Gpu::download).
    ///
    /// ```
    /// # async fn example(gpu: wgpu_relu::Gpu) -> Result<(), wgpu_relu::Error> {
    /// let x = gpu.upload(&[-1.0, 0.0, 2.0])?;
    /// assert_eq!(gpu.download_async(&x).await?, [-1.0, 0.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_async<'a>(&self, source: impl Into<View<'a>>) -> Download {
        self.download_elements_async(source)
    }

    /// Does the same as [`download_async`](Gpu::download_async) for elements of any type.
    ///
    /// # Errors
    ///
    /// Those of [`download_async`](Gpu::download_async).
    pub fn download_elements_async<'a, T: Element>(
        &self,
        source: impl Into<View<'a>>,
    ) -> Download<T> {
        let source = source.into();
        let started = readable::<T>(&source).and_then(|length| {
            let chunk = self.shared.staging.chunk();
            let all: Vec<_> = chunks(&source, chunk).collect();
            let reads = self.start_reads(&all)?;
            Ok((length, reads))
        });
        #[cfg(not(target_arch = "wasm32"))]
        if let Ok((_, reads)) = &started {
            wait_in_background(self.device(), reads);
        }
        Download(Box::pin(async move {
            let (length, reads) = started?;
            let mut data = on_host::<T>(length)?;
            let mut rest: &mut [u8] = bytemuck::cast_slice_mut(&mut data);
            for read in reads {
                let (into, after) = rest.split_at_mut(read.place.payload);
                read.arrived().await.copy_to(into)?;
                rest = after;
            }
            Ok(data)
        }))
    }

    /// Copies each chunk into a staging buffer and asks for it to be mapped.
    fn start_reads(&self, chunks: &[Chunk<'_>]) -> Result<Vec<Read>> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        let device = &self.shared.device;
        let parts =
            chunks.iter().map(|chunk| self.read_staging(chunk.size)).collect::<Result<Vec<_>>>()?;
        let used = || {
            let source = chunks.iter().take(1);
            source.map(|c| (Operand::Source, Resource::Buffer(c.buffer.clone()))).collect()
        };
        self.submit(DOWNLOAD, &used, |encoder| {
            for (chunk, part) in chunks.iter().zip(&parts) {
                let Chunk { buffer, offset, size, .. } = *chunk;
                encoder.copy_buffer_to_buffer(buffer, offset, part, 0, size);
            }
        })?;
        #[cfg(not(target_arch = "wasm32"))]
        let done = Done::of(&self.shared.queue);
        let mut reads = Vec::with_capacity(chunks.len());
        for (chunk, part) in chunks.iter().zip(parts) {
            let (sender, receiver) = oneshot_channel();
            let sender = Arc::new(sender);
            let told = Told(Arc::clone(&sender));
            catch_errors(device, DOWNLOAD, || {
                part.map_async(wgpu::MapMode::Read, 0..chunk.size, move |_| drop(told));
            })?;
            reads.push(Read {
                gpu: self.clone(),
                part,
                place: chunk.place,
                sender,
                receiver,
                #[cfg(not(target_arch = "wasm32"))]
                done: done.clone(),
            });
        }
        Ok(reads)
    }
}

/// The future of [`Gpu::download_async`]. It is `Send` on native targets. Dropping it abandons the download.
#[must_use = "the data arrives only if the future is awaited"]
pub struct Download<T = f32>(Arriving<T>);

#[cfg(not(target_arch = "wasm32"))]
type Arriving<T> = Pin<Box<dyn Future<Output = Result<Vec<T>>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Arriving<T> = Pin<Box<dyn Future<Output = Result<Vec<T>>>>>;

impl<T> Future for Download<T> {
    type Output = Result<Vec<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> std::fmt::Debug for Download<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}

/// The number of elements of a range that can be read back.
fn readable<T: Element>(source: &View<'_>) -> Result<u64> {
    let (operand, usage) = (Operand::Source, wgpu::BufferUsages::COPY_SRC);
    let length = source.contiguous(operand)?.checked(operand, T::TYPE.size(), usage, "COPY_SRC")?;
    // Copies are of multiples of 4 bytes.
    let buffer_size = source.buffer.size();
    if (source.offset + source.size).next_multiple_of(4) > buffer_size {
        return Err(Error::PartialWord { operand, buffer_size });
    }
    Ok(length)
}

/// Zeros in the host's memory. A `vec!` that does not fit would end the process.
fn on_host<T: Element>(length: u64) -> Result<Vec<T>> {
    let refused = || Error::OutOfHostMemory { size: length.saturating_mul(T::TYPE.size()) };
    let length = usize::try_from(length).map_err(|_| refused())?;
    // Tried and freed: `vec!` takes zeroed pages, which are not written.
    Vec::<T>::new().try_reserve_exact(length).map_err(|_| refused())?;
    Ok(vec![T::zeroed(); length])
}

/// A range of a buffer to read back, a multiple of 4 bytes.
struct Chunk<'a> {
    buffer: &'a wgpu::Buffer,
    offset: u64,
    size: u64,
    place: Place,
}

/// The wanted bytes of a chunk: `payload` bytes after `skipped` bytes.
#[derive(Debug, Clone, Copy)]
struct Place {
    skipped: usize,
    payload: usize,
}

/// The range, cut into pieces of at most `chunk` bytes.
fn chunks<'a>(source: &View<'a>, chunk: u64) -> impl Iterator<Item = Chunk<'a>> + use<'a> {
    let View { buffer, offset, size, .. } = *source;
    let (first, end) = (offset / 4 * 4, offset + size);
    let count = if size == 0 { 0 } else { (end - first).div_ceil(chunk) };
    (0..count).map(move |index| {
        let start = first + index * chunk;
        let stop = end.min(start + chunk);
        let skipped = offset.saturating_sub(start);
        let (skipped, payload) = (skipped as usize, (stop - start - skipped) as usize);
        let size = (stop - start).next_multiple_of(4);
        Chunk { buffer, offset: start, size, place: Place { skipped, payload } }
    })
}

/// Drives the device until the reads have arrived, and tells them if it is lost.
#[cfg(not(target_arch = "wasm32"))]
fn wait_in_background(device: &wgpu::Device, reads: &[Read]) {
    let Some(last) = reads.last() else { return };
    let device = device.clone();
    let done = last.done.clone();
    let senders: Vec<_> = reads.iter().map(|read| Arc::clone(&read.sender)).collect();
    let until_arrived = Arc::new(move || {
        if wait(&device, &done, DOWNLOAD).is_err() {
            for sender in &senders {
                let _ = sender.send(());
            }
        }
    });
    let in_thread = Arc::clone(&until_arrived);
    let thread = std::thread::Builder::new().name("wgpu-relu download".to_owned());
    if thread.spawn(move || in_thread()).is_err() {
        // If there is no thread, waiting here is better than never arriving.
        until_arrived();
    }
}

/// Owned by a mapping's callback. It tells the read that the callback has run, or that wgpu dropped it: after a panic in one
/// callback wgpu drops the others that were due, though their buffers are mapped.
struct Told(Arc<OneshotSender<()>>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A chunk on its way to the host.
#[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the browser drives the device"))]
struct Read {
    gpu: Gpu,
    part: wgpu::Buffer,
    place: Place,
    /// For the callback, and for whoever finds the device lost: the first counts.
    sender: Arc<OneshotSender<()>>,
    receiver: OneshotReceiver<()>,
    #[cfg(not(target_arch = "wasm32"))]
    done: Done,
}

impl Read {
    /// Blocks until the chunk is here.
    #[cfg(not(target_arch = "wasm32"))]
    fn wait(self) -> Result<Arrived> {
        wait(&self.gpu.shared.device, &self.done, DOWNLOAD)?;
        // Another thread's poll may have found the mapping done, and be about to tell us.
        Ok(pollster::block_on(self.arrived()))
    }

    /// Waits until the mapping is decided. Whether it succeeded, its memory tells.
    async fn arrived(self) -> Arrived {
        let _ = self.receiver.receive().await;
        Arrived { gpu: self.gpu, part: self.part, place: self.place }
    }
}

/// A chunk that is mapped, or never will be.
struct Arrived {
    gpu: Gpu,
    part: wgpu::Buffer,
    place: Place,
}

impl Arrived {
    /// Copies the chunk out, and hands its buffer back to the pool.
    fn copy_to(self, into: &mut [u8]) -> Result<()> {
        let Place { skipped, payload } = self.place;
        let end = skipped + payload;
        let view = self
            .part
            .get_mapped_range(0..end.next_multiple_of(4) as u64)
            .map_err(|_| not_mapped(&self.gpu.shared.device, DOWNLOAD))?;
        into.copy_from_slice(&view[skipped..end]);
        drop(view);
        let Shared { device, staging, .. } = &*self.gpu.shared;
        catch_errors(device, DOWNLOAD, || self.part.unmap())?;
        staging.read.put(self.part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "miri stops where memory ends")]
    fn more_than_the_hosts_memory_is_an_error() {
        assert_eq!(on_host::<f32>(3), Ok(vec![0.0; 3]));
        for length in [1 << 60, u64::MAX] {
            let size = length.saturating_mul(4);
            assert_eq!(on_host::<f32>(length), Err(Error::OutOfHostMemory { size }));
        }
    }
}
