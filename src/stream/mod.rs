//! Floor 8: sends host data of any size through the device, chunk by chunk.
//!
//! May use the floors below.

pub(crate) mod chunk;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;
use crate::stream::chunk::Chunk;

/// Chunks under way at once: one is filled, one computed, one drained.
const CHUNKS: usize = 3;

/// Elements per chunk by default: so many that a submit costs little beside the copies.
const CHUNK_LENGTH: usize = 2 << 20;

/// The same on a CPU adapter: a chunk should still be in the cache when it is computed.
const CPU_CHUNK_LENGTH: usize = 512 << 10;

/// Bytes per read: few enough to stay in the cache until they are copied into the chunk.
const PIECE: usize = 256 << 10;

/// Applies an activation or its gradient to host data of any length, also if it is longer than a binding, a buffer or
/// the device's memory. [`GpuActivation::stream`] makes it.
///
/// The data goes through three chunks, so the device computes one chunk while the host fills another one or reads it
/// back. The caller's thread hands out results and reports progress. Chunks are filled on a second thread while a call
/// lasts if there is a reader, which may wait, or if slices have more than three chunks on a GPU. Otherwise the
/// caller's thread fills them too.
///
/// **Memory** is constant. Each of the three chunks has a buffer for x, and one for dy in a gradient. If the device
/// cannot map them, it also has one staging buffer per input and one for the result, whose sizes are rounded up to
/// powers of two. The next call uses the buffers again, unless it needs larger chunks or another number of inputs, or
/// this call fails.
///
/// **Errors** leave a prefix of the result. A slice has the results of the chunks before the error, and its old
/// contents after them. A writer has received the results of these chunks, and perhaps a part of the next. The device
/// and the stream remain usable, unless the device is lost.
///
/// ```
/// use wgpu_relu::{Gpu, GpuRelu};
///
/// let relu = GpuRelu::new(&Gpu::new()?);
/// let x = vec![-1.0; 5_000_000];
/// let mut y = vec![0.0; x.len()];
/// relu.stream().progress(|done, total| println!("{done} of {total:?}")).run(&x, &mut y)?;
///
/// // Raw f32, little-endian, from a reader to a writer: files, pipes, sockets.
/// let bytes: Vec<u8> = [-1.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
/// let mut results = Vec::new();
/// let elements = relu.stream().pipe(&bytes[..], &mut results)?;
/// assert_eq!((elements, &results[4..]), (2, &2.0f32.to_le_bytes()[..]));
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[must_use = "a stream does nothing before one of its methods is called"]
pub struct Stream<'a> {
    relu: GpuActivation,
    /// Whether the adapter is a CPU.
    on_cpu: bool,
    chunk_length: usize,
    progress: Option<Progress<'a>>,
    cancel: Option<&'a AtomicBool>,
    /// The chunks of the last call, which the next one uses.
    chunks: Vec<Chunk>,
}

type Progress<'a> = Box<dyn FnMut(u64, Option<u64>) + 'a>;

impl GpuActivation {
    /// Makes a [`Stream`], which applies the activation to host data of any size.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let relu = GpuRelu::new(&Gpu::new()?);
    /// let mut data = vec![-1.0, 0.0, 2.0];
    /// relu.stream().run_in_place(&mut data)?;
    /// assert_eq!(data, [0.0, 0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn stream<'a>(&self) -> Stream<'a> {
        let on_cpu = self.gpu.adapter_info().device_type == wgpu::DeviceType::Cpu;
        let chunk_length = if on_cpu { CPU_CHUNK_LENGTH } else { CHUNK_LENGTH };
        // Results overwrite an input, so they must not be added to it.
        let relu = GpuActivation { accumulates: false, ..self.clone() };
        Stream { relu, on_cpu, chunk_length, progress: None, cancel: None, chunks: Vec::new() }
    }

    /// Computes f of every element of a slice: uploads, applies, downloads and waits. The transfers cost many times as
    /// much as the activation, so keep data in buffers if there is more to do with it.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// let relu = GpuRelu::new(&Gpu::new()?);
    /// assert_eq!(relu.forward(&[-1.0, 0.0, 2.0])?, [0.0, 0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn forward(&self, x: &[f32]) -> Result<Vec<f32>> {
        let mut y = vec![0.0; x.len()];
        self.stream().run(x, &mut y)?;
        Ok(y)
    }
}

impl<'a> Stream<'a> {
    /// Sets the number of elements per chunk. The default is 2 Mi, or 512 Ki on a software adapter. It is clamped to at
    /// least 1 element and at most 32 MiB (8 Mi f32, 16 Mi 16-bit floats), or the device's limit of a buffer if that is
    /// lower. With random slopes it is rounded up to a multiple of 4.
    pub fn chunk(mut self, elements: usize) -> Self {
        self.chunk_length = elements;
        self
    }

    /// Calls `progress` after every chunk, on the caller's thread, with the number of elements done and the number of
    /// all elements. For readers the second number is none, because a reader does not tell its length.
    pub fn progress(mut self, progress: impl FnMut(u64, Option<u64>) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Stops with [`Error::Cancelled`] once `flag` is set, by another thread or by the progress callback. The stream
    /// tests it before it fills a chunk and before it hands out a result. A reader or writer that blocks is not
    /// interrupted.
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Computes y = f(x) from a slice to a slice of the same length.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], [`Error::ElementType`] for an operator of 16-bit floats, [`Error::Cancelled`],
    /// [`Error::OutOfMemory`], [`Error::DeviceLost`], or a limit of the device that is too small. `y` has a prefix of
    /// the result then.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let relu = GpuRelu::new(&Gpu::new()?);
    /// let mut y = [0.0; 2];
    /// relu.stream().run(&[-1.0, 2.0], &mut y)?;
    /// assert_eq!(y, [0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<()> {
        self.check_elements(true)?;
        same_length(Operand::Y, y.len(), x.len())?;
        let chunk_length = self.chunk_length_for(x.len());
        let mut parts = x.chunks(chunk_length).zip(y.chunks_mut(chunk_length));
        let fill = move |chunk: &mut Chunk| {
            let Some((x, y)) = parts.next() else { return Ok(None) };
            write(chunk, 0, x)?;
            Ok(Some((x.len(), y)))
        };
        self.flow(1, Some(x.len()), fill, copy_out)?;
        Ok(())
    }

    /// Computes x = f(x) in the caller's slice.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Stream::run). The slice has results up to a point, and its old contents after it.
    pub fn run_in_place(&mut self, data: &mut [f32]) -> Result<()> {
        self.check_elements(true)?;
        let length = data.len();
        let mut parts = data.chunks_mut(self.chunk_length_for(length));
        let fill = move |chunk: &mut Chunk| {
            let Some(part) = parts.next() else { return Ok(None) };
            write(chunk, 0, part)?;
            Ok(Some((part.len(), part)))
        };
        self.flow(1, Some(length), fill, copy_out)?;
        Ok(())
    }

    /// Computes dx = dL/dx from x and dy = dL/dy, from slices to a slice, all of one length.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Stream::run).
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let relu = GpuRelu::new(&Gpu::new()?);
    /// let mut dx = [0.0; 2];
    /// relu.stream().gradient(&[-1.0, 2.0], &[3.0, 4.0], &mut dx)?;
    /// assert_eq!(dx, [0.0, 4.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn gradient(&mut self, x: &[f32], dy: &[f32], dx: &mut [f32]) -> Result<()> {
        self.check_elements(true)?;
        same_length(Operand::Dy, dy.len(), x.len())?;
        same_length(Operand::Dx, dx.len(), x.len())?;
        let chunk_length = self.chunk_length_for(x.len());
        let mut parts =
            x.chunks(chunk_length).zip(dy.chunks(chunk_length)).zip(dx.chunks_mut(chunk_length));
        let fill = move |chunk: &mut Chunk| {
            let Some(((x, dy), dx)) = parts.next() else { return Ok(None) };
            write(chunk, 0, x)?;
            write(chunk, 1, dy)?;
            Ok(Some((x.len(), dx)))
        };
        self.flow(2, Some(x.len()), fill, copy_out)?;
        Ok(())
    }

    /// Computes y = f(x) from a reader to a writer, and returns the number of elements. The data is raw little-endian
    /// f32, or 16-bit floats if the operator takes and gives them.
    ///
    /// It reads to the end in pieces of up to 256 KiB and writes whole chunks, so neither needs a buffer of its own. It
    /// flushes the writer at the end. The reader runs on a second thread, so it may wait while the writer writes.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the kind of the reader's or writer's error, [`Error::PartialElement`] if the reader ends
    /// within an element, [`Error::ElementType`] if x and y of the operator have different types, and the other errors
    /// of [`run`](Stream::run). The writer has received a prefix of the result then. After an error of the writer, the
    /// call returns when the reader has filled the chunk that it is filling, or has ended.
    ///
    /// ```no_run
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let relu = GpuRelu::new(&Gpu::new()?);
    /// let (x, y) = (std::fs::File::open("x.f32")?, std::fs::File::create("y.f32")?);
    /// let elements = relu.stream().pipe(x, y)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pipe(&mut self, x: impl Read + Send, y: impl Write) -> Result<u64> {
        self.check_elements(false)?;
        let (chunk_length, element) = (self.chunk_length_for(usize::MAX) as u64, self.element());
        let mut x = Input::new(x, "reading x", Operand::X, element);
        let fill = move |chunk: &mut Chunk| match x.fill(chunk, 0, chunk_length)? {
            0 => Ok(None),
            elements => Ok(Some((elements as usize, ()))),
        };
        self.flow_to(1, y, "writing y", fill)
    }

    /// Computes dx = dL/dx from readers of x and dy = dL/dy to a writer; see [`pipe`](Stream::pipe).
    ///
    /// # Errors
    ///
    /// Those of [`pipe`](Stream::pipe), and [`Error::LengthMismatch`] if one reader ends before the other.
    pub fn pipe_gradient(
        &mut self,
        x: impl Read + Send,
        dy: impl Read + Send,
        dx: impl Write,
    ) -> Result<u64> {
        self.check_elements(false)?;
        let (chunk_length, element) = (self.chunk_length_for(usize::MAX) as u64, self.element());
        let mut x = Input::new(x, "reading x", Operand::X, element);
        let mut dy = Input::new(dy, "reading dy", Operand::Dy, element);
        let fill = move |chunk: &mut Chunk| {
            let elements = x.fill(chunk, 0, chunk_length)?;
            if elements != dy.fill(chunk, 1, chunk_length)? {
                // The lengths as far as they were read.
                let [x, dy] = [x.bytes, dy.bytes].map(|bytes| (bytes / element) as usize);
                same_length(Operand::Dy, dy, x)?;
            }
            Ok((elements > 0).then_some((elements as usize, ())))
        };
        self.flow_to(2, dx, "writing dx", fill)
    }

    fn flow_to(
        &mut self,
        inputs: usize,
        mut writer: impl Write,
        doing: &'static str,
        fill: impl FnMut(&mut Chunk) -> Result<Option<(usize, ())>, Stop> + Send,
    ) -> Result<u64> {
        let io = |error| Stop::Io { doing, error };
        let done =
            self.flow(inputs, None, fill, |result, ()| writer.write_all(result).map_err(io))?;
        writer.flush().map_err(|error| io(error).into_error(done))?;
        Ok(done)
    }

    /// Lets `fill` write into chunks, submits them, and hands the results to `drain` in the same order. Returns the
    /// number of elements. `fill` returns the number of elements of a chunk, and a value that is passed on to `drain`.
    fn flow<T: Send>(
        &mut self,
        inputs: usize,
        total: Option<usize>,
        mut fill: impl FnMut(&mut Chunk) -> Result<Option<(usize, T)>, Stop> + Send,
        mut drain: impl FnMut(&[u8], T) -> Result<(), Stop>,
    ) -> Result<u64> {
        if total == Some(0) {
            return Ok(0);
        }
        // The chunks of a call that fails or panics may be in any state, so they are dropped.
        let mut chunks = self.take_chunks(inputs, total.unwrap_or(usize::MAX))?;
        let total = total.map(|total| total as u64);
        let cancel = self.cancel;
        let go_on = || match cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            true => Err(Stop::Cancelled),
            false => Ok(()),
        };
        let mut done = 0;
        let mut first = 0;
        let fill = |chunk: &mut Chunk| {
            go_on()?;
            let Some((elements, to)) = fill(chunk)? else { return Ok(None) };
            chunk.submit(first, elements as u64)?;
            first += elements as u64;
            Ok(Some(to))
        };
        let drain = |chunk: &mut Chunk, to: T| {
            go_on()?;
            chunk.output_to(|result| drain(result, to))??;
            chunk.recycle()?;
            done += chunk.elements();
            if let Some(progress) = &mut self.progress {
                progress(done, total);
            }
            Ok(())
        };
        let capacity: u64 = chunks.iter().map(Chunk::capacity).sum();
        // If the copies of slices and the computation share the cores, a thread only adds its own cost.
        let outcome = if total.is_some_and(|total| self.on_cpu || total <= capacity) {
            one_thread(&mut chunks, fill, drain)
        } else {
            two_threads(&mut chunks, fill, drain)
        };
        match outcome {
            Ok(()) => {
                self.chunks = chunks;
                Ok(done)
            }
            Err(stop) => Err(stop.into_error(done)),
        }
    }

    /// Bytes per element.
    fn element(&self) -> u64 {
        self.relu.element(Operand::X).size()
    }

    /// Checks the element types. The result overwrites an input, so both have one type. Slices are f32.
    fn check_elements(&self, slices: bool) -> Result<()> {
        let (input, output) = self.relu.elements();
        let expected = if slices { ElementType::F32 } else { input };
        let (operand, found) =
            if input == expected { (Operand::Y, output) } else { (Operand::X, input) };
        if found == expected {
            Ok(())
        } else {
            Err(Error::ElementType { operand, found, expected })
        }
    }

    /// The length of the chunks for `total` elements.
    fn chunk_length_for(&self, total: usize) -> usize {
        let most = self.relu.gpu.shared.staging.chunk() / self.element();
        let chunk_length = self.chunk_length.min(most as usize).min(total).max(1);
        // The generator makes four random numbers at a time.
        if self.relu.draws() { chunk_length.next_multiple_of(4) } else { chunk_length }
    }

    /// As many chunks as `total` elements need: the chunks of the last call if they fit.
    fn take_chunks(&mut self, inputs: usize, total: usize) -> Result<Vec<Chunk>> {
        let chunk_length = self.chunk_length_for(total);
        let mut chunks = std::mem::take(&mut self.chunks);
        chunks.retain(|chunk| chunk.fits(inputs, chunk_length as u64));
        while chunks.len() < CHUNKS.min(total.div_ceil(chunk_length)) {
            chunks.push(Chunk::new(&self.relu, inputs, chunk_length as u64)?);
        }
        Ok(chunks)
    }
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("relu", &self.relu)
            .field("chunk", &self.chunk_length)
            .finish_non_exhaustive()
    }
}

/// Why a stream stops early.
enum Stop {
    Failed(Error),
    Io { doing: &'static str, error: std::io::Error },
    Cancelled,
}

impl Stop {
    fn into_error(self, done: u64) -> Error {
        match self {
            Stop::Failed(error) => error,
            Stop::Io { doing, error } => {
                Error::Io { doing, done, kind: error.kind(), reason: error.to_string() }
            }
            Stop::Cancelled => Error::Cancelled { done },
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

/// Fills free chunks, and drains the oldest one when none is free, all on this thread.
fn one_thread<T>(
    chunks: &mut [Chunk],
    mut fill: impl FnMut(&mut Chunk) -> Result<Option<T>, Stop>,
    mut drain: impl FnMut(&mut Chunk, T) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut free: VecDeque<&mut Chunk> = chunks.iter_mut().collect();
    let mut full = VecDeque::new();
    loop {
        while let Some(chunk) = free.pop_front() {
            match fill(chunk)? {
                Some(to) => full.push_back((chunk, to)),
                // The input has ended, so no more chunks are filled.
                None => free.clear(),
            }
        }
        let Some((chunk, to)) = full.pop_front() else { return Ok(()) };
        drain(chunk, to)?;
        free.push_back(chunk);
    }
}

/// Fills on a second thread and drains on this one. If one side ends, the other one finds the channel closed.
fn two_threads<T: Send>(
    chunks: &mut [Chunk],
    mut fill: impl FnMut(&mut Chunk) -> Result<Option<T>, Stop> + Send,
    mut drain: impl FnMut(&mut Chunk, T) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let threaded = std::thread::scope(|scope| {
        let (give_back, free) = channel();
        let (submit, full) = channel();
        for chunk in chunks.iter_mut() {
            // The other end is still here.
            let _ = give_back.send(chunk);
        }
        let fill = &mut fill;
        let fill_all = move || {
            for chunk in free {
                let Some(to) = fill(chunk)? else { break };
                if submit.send((chunk, to)).is_err() {
                    break;
                }
            }
            Ok(())
        };
        let thread = std::thread::Builder::new().name("wgpu-relu stream".to_owned());
        let filling = thread.spawn_scoped(scope, fill_all).ok()?;
        let drained = full.into_iter().try_for_each(|(chunk, to)| {
            drain(chunk, to)?;
            // After the last chunk nobody receives it.
            let _ = give_back.send(chunk);
            Ok(())
        });
        drop(give_back);
        let filled = filling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Some(drained.and(filled))
    });
    // If there is no thread, nothing has been filled yet.
    threaded.unwrap_or_else(|| one_thread(chunks, fill, drain))
}

fn write(chunk: &mut Chunk, input: usize, data: &[f32]) -> Result<()> {
    chunk.input(input, data.len() as u64)?.copy_from_slice(bytemuck::cast_slice(data));
    Ok(())
}

fn copy_out(result: &[u8], into: &mut [f32]) -> Result<(), Stop> {
    bytemuck::cast_slice_mut(into).copy_from_slice(result);
    Ok(())
}

fn same_length(operand: Operand, length: usize, expected: usize) -> Result<()> {
    if length == expected {
        return Ok(());
    }
    let (length, expected) = (length as u64, expected as u64);
    Err(Error::LengthMismatch { operand, length, reference: Operand::X, expected })
}

/// A reader, and the number of bytes read so far.
struct Input<R> {
    reader: R,
    doing: &'static str,
    operand: Operand,
    /// Bytes per element.
    element: u64,
    piece: Vec<u8>,
    bytes: u64,
    /// A terminal goes on if it is read again after its end, so it is not.
    ended: bool,
}

impl<R: Read> Input<R> {
    fn new(reader: R, doing: &'static str, operand: Operand, element: u64) -> Self {
        Input { reader, doing, operand, element, piece: vec![0; PIECE], bytes: 0, ended: false }
    }

    /// Reads up to `most` elements into an input of `chunk`, fewer only at the end. Returns their number.
    fn fill(&mut self, chunk: &mut Chunk, input: usize, most: u64) -> Result<u64, Stop> {
        let mut target = chunk.input(input, most)?;
        let most = (most * self.element) as usize;
        let mut filled = 0;
        while filled < most && !self.ended {
            let piece = &mut self.piece[..PIECE.min(most - filled)];
            let read = match self.reader.read(piece) {
                Ok(read) => read.min(piece.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::Io { doing: self.doing, error }),
            };
            // Mapped memory may be slow to read, so a reader must not get it. It is only written to.
            target.slice(filled..filled + read).copy_from_slice(&piece[..read]);
            filled += read;
            self.bytes += read as u64;
            self.ended = read == 0;
        }
        let (operand, size, element) = (self.operand, self.bytes, self.element);
        if size.is_multiple_of(element) {
            return Ok(filled as u64 / element);
        }
        Err(Error::PartialElement { operand, offset: 0, size, element }.into())
    }
}
