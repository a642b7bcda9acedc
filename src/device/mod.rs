//! Floor 6: a device, opened or adopted, with its pipelines, staging buffers, transfers and prepared operations.
//!
//! May use the floors below.

pub(crate) mod adapter;
pub(crate) mod call;
pub(crate) mod error_scope;
pub(crate) mod pipeline;
pub(crate) mod prepared;
pub(crate) mod staging;
pub(crate) mod transfer;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod wait;

use std::sync::Arc;

use crate::device::adapter::GpuOptions;
use crate::device::error_scope::{Used, catch_errors, check_lost};
use crate::device::pipeline::Pipelines;
use crate::device::staging::{Pool, Staging};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::plan::planner::Planner;

/// A device with its queue, and the compiled pipelines and staging buffers that all its operators share. Cloning is
/// cheap: clones share everything.
///
/// ```
/// use wgpu_relu::{Gpu, GpuRelu};
///
/// let gpu = Gpu::new()?;
/// let x = gpu.upload(&[-1.0f32, 0.0, 2.0])?;
/// let y = GpuRelu::new(&gpu).apply(&x)?;
/// assert_eq!(gpu.download(&y)?, [0.0, 0.0, 2.0]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Clone)]
pub struct Gpu {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) planner: Planner,
    pub(crate) pipelines: Pipelines,
    pub(crate) staging: Staging,
    /// Buffers that callers handed back.
    pub(crate) recycled: Pool,
    /// Whether the queue is of another device, so that nothing can be submitted.
    foreign_queue: bool,
    /// Why better adapters could not be opened.
    skipped: Vec<Error>,
    /// Whether uploads go straight into the new buffer: the device can map it, and its memory is the
    /// CPU's.
    pub(crate) mappable: bool,
}

/// The most bytes of buffers that callers handed back.
const RECYCLED: u64 = 2 << 30;

impl Gpu {
    /// Opens the best adapter and waits for it; see [`Gpu::request`]. Call it once and clone: a call with a buffer of another
    /// `Gpu::new` is [`Error::Refused`]. On OpenGL wgpu cannot tell such buffers apart, and results are wrong.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] with the way to get one, and [`Error::NoDevice`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new() -> Result<Self> {
        pollster::block_on(Self::request(&GpuOptions::default()))
    }

    /// Opens the best adapter that fits `options` (discrete, then integrated, then software), with all of its limits,
    /// so buffers may be as large as the hardware allows. If the best one gives no device, it tries the next.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] with the way to get one, and [`Error::NoDevice`].
    pub async fn request(options: &GpuOptions) -> Result<Self> {
        let adapter::Opened { device, queue, skipped } = adapter::open(options).await?;
        Ok(Self::adopt(&device, &queue, skipped))
    }

    /// Adopts the caller's device. Creates nothing on it and installs no handler.
    ///
    /// Pipelines are compiled when first used, and kept as long as a clone of this `Gpu` lives. So adopt a device once,
    /// and clone.
    ///
    /// `queue` must be the one that `request_device` returned with `device`. With another, every call that creates or
    /// submits something is [`Error::ForeignQueue`], and the other device's error handler hears of one error.
    ///
    /// ```
    /// # async fn example(adapter: wgpu::Adapter) -> Result<(), Box<dyn std::error::Error>> {
    /// let (device, queue) = adapter.request_device(&wgpu::DeviceDescriptor::default()).await?;
    /// let gpu = wgpu_relu::Gpu::from_device(&device, &queue);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_device(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        Self::adopt(device, queue, Vec::new())
    }

    #[cfg_attr(
        target_arch = "wasm32",
        expect(clippy::arc_with_non_send_sync, reason = "a browser's device lives on one thread")
    )]
    fn adopt(device: &wgpu::Device, queue: &wgpu::Queue, skipped: Vec<Error>) -> Self {
        let info = device.adapter_info();
        let limits = device.limits();
        let features = device.features() & adapter::wanted_features(&info);
        Gpu {
            shared: Arc::new(Shared {
                planner: Planner::new(&info, &limits, features),
                device: device.clone(),
                queue: queue.clone(),
                staging: Staging::new(&limits),
                recycled: Pool::new(RECYCLED),
                #[cfg(not(target_arch = "wasm32"))]
                foreign_queue: error_scope::is_foreign(device, queue),
                // A browser tells of it in its console.
                #[cfg(target_arch = "wasm32")]
                foreign_queue: false,
                pipelines: Pipelines::default(),
                skipped,
                mappable: features.contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS),
            }),
        }
    }

    /// Returns the device, for the caller's own work on it.
    #[must_use]
    pub fn device(&self) -> &wgpu::Device {
        &self.shared.device
    }

    /// Returns the queue, for the caller's own work on it.
    #[must_use]
    pub fn queue(&self) -> &wgpu::Queue {
        &self.shared.queue
    }

    /// Returns the adapter's name, backend and driver. In a browser, the names are empty.
    #[must_use]
    pub fn adapter_info(&self) -> wgpu::AdapterInfo {
        self.shared.device.adapter_info()
    }

    /// Whether the CPU does the work, by a software adapter.
    ///
    /// ```
    /// # use wgpu_relu::Gpu;
    /// let gpu = Gpu::new()?;
    /// if gpu.is_software() {
    ///     eprintln!("no GPU was opened: {:?}", gpu.skipped());
    /// }
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.adapter_info().device_type == wgpu::DeviceType::Cpu
    }

    /// The errors of better adapters that [`Gpu::request`] could not open before it took this one; empty if it took the best.
    #[must_use]
    pub fn skipped(&self) -> &[Error] {
        &self.shared.skipped
    }

    /// Frees the staging buffers that transfers and streams keep for the next, up to 256 MiB in either direction, and the
    /// buffers that [`recycle`](Gpu::recycle) keeps. The next calls allocate them again.
    ///
    /// ```
    /// # use wgpu_relu::Gpu;
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[1.0; 1000])?;
    /// let data = gpu.download(&x)?;
    /// gpu.trim();
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn trim(&self) {
        self.shared.staging.read.clear();
        self.shared.staging.write.clear();
        self.shared.recycled.clear();
    }

    /// Whether the device is lost: the driver reset or removed it, or somebody destroyed it. Every call returns
    /// [`Error::DeviceLost`] from then on. The way back is a new `Gpu`, and new buffers.
    ///
    /// Asks wgpu for a buffer that only a lost device does not refuse, which costs about a microsecond. A loss that the driver
    /// has not told of yet does not show. In a browser it is always false; there, `device.set_device_lost_callback` tells.
    ///
    /// ```
    /// use wgpu_relu::{Error, Gpu, GpuRelu};
    ///
    /// let weights = [-1.0, 2.0]; // the host's copy, which outlives the device
    /// let mut gpu = Gpu::new()?;
    /// let mut x = gpu.upload(&weights)?;
    /// # gpu.device().destroy();
    /// let y = loop {
    ///     match GpuRelu::new(&gpu).apply(&x).and_then(|y| gpu.download(&y)) {
    ///         Err(Error::DeviceLost { .. }) => {
    ///             assert!(gpu.is_lost());
    ///             gpu = Gpu::new()?; // fails where there is no adapter any more
    ///             x = gpu.upload(&weights)?;
    ///         }
    ///         other => break other?,
    ///     }
    /// };
    /// assert_eq!(y, [0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn is_lost(&self) -> bool {
        check_lost(self.device(), "").is_err()
    }

    /// Lets the driver keep what it makes of shaders from now on in `cache`, and find it there again. On disk it
    /// outlives the program: `device.create_pipeline_cache` takes what `cache.get_data()` gave an earlier run, under a
    /// name of `wgpu::util::pipeline_cache_key`.
    ///
    /// Only devices with [`wgpu::Features::PIPELINE_CACHE`] have such caches, so far only those of Vulkan.
    /// [`Gpu::request`] asks for the feature if the adapter has it. The caller makes the cache, because making one is
    /// `unsafe`: its data must come from the driver. The example `cold_start` shows the whole, and measures the gain.
    ///
    /// ```
    /// use wgpu_relu::{Activation, Gpu, wgpu};
    ///
    /// let gpu = Gpu::new()?;
    /// if gpu.device().features().contains(wgpu::Features::PIPELINE_CACHE) {
    ///     let data = std::fs::read("pipelines.bin").ok(); // none in the first run
    ///     let descriptor =
    ///         wgpu::PipelineCacheDescriptor { label: None, data: data.as_deref(), fallback: true };
    ///     // SAFETY: the file is this program's own, as `get_data` gave it.
    ///     let cache = unsafe { gpu.device().create_pipeline_cache(&descriptor) };
    ///     gpu.set_pipeline_cache(cache.clone());
    ///     gpu.prewarm([Activation::Gelu])?;
    ///     let data = cache.get_data(); // to be written to the file
    /// }
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn set_pipeline_cache(&self, cache: wgpu::PipelineCache) {
        self.shared.pipelines.set_cache(cache);
    }

    /// Creates a buffer of `length` elements, all 0, that every operator takes: for an output, a gradient that
    /// accumulates, or a state of a training.
    ///
    /// It transfers nothing and returns at once. wgpu clears a range of a new buffer when a shader or a download first
    /// uses it, which costs one write of the range. [`upload_into`](Gpu::upload_into) as the first use costs no clear.
    /// wgpu has no uninitialised buffers, so this is also the way to a buffer whose contents do not matter.
    ///
    /// The buffer is `length` times [`ElementType::size`](crate::ElementType::size) bytes long, rounded up to a
    /// multiple of 4. Its usages are `STORAGE`, `COPY_SRC` and `COPY_DST`. On a software adapter whose device has
    /// [`wgpu::Features::MAPPABLE_PRIMARY_BUFFERS`], as [`Gpu::request`] opens it, it also has `MAP_READ` and
    /// `MAP_WRITE`. For other usages, call `gpu.device().create_buffer`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] past the device's buffer limit, [`Error::OutOfMemory`], [`Error::DeviceLost`].
    ///
    /// ```
    /// use wgpu_relu::{Gpu, GpuRelu, half::f16};
    ///
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[-1.0, 2.0, 3.0])?;
    /// let y = gpu.zeros::<f32>(3)?;
    /// GpuRelu::new(&gpu).apply_into(&x, &y)?;
    /// assert_eq!(gpu.download(&y)?, [0.0, 2.0, 3.0]);
    ///
    /// assert_eq!(gpu.zeros::<f16>(3)?.size(), 8); // bytes: 3 elements and 2 bytes to a multiple of 4
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn zeros<T: Element>(&self, length: u64) -> Result<wgpu::Buffer> {
        // A length that no buffer can hold saturates, and stays too large.
        let size = length.saturating_mul(T::TYPE.size());
        let buffer = self.buffer(size.saturating_add(3) / 4 * 4, false)?;
        check_lost(self.device(), "creating a buffer")?;
        Ok(buffer)
    }

    /// Hands back a buffer that the caller does not need any more. The next operation that needs a new buffer of this
    /// size takes it, instead of one that wgpu has to allocate and clear: `apply` then moves 8 bytes per element
    /// instead of 12.
    ///
    /// Work that was submitted before still sees the old contents. At most 2 GiB are kept, the newest. A buffer with other
    /// usages than those of [`zeros`](Gpu::zeros) is freed at once, and [`zeros`](Gpu::zeros) and uploads take none.
    ///
    /// Do not use, map or destroy the buffer afterwards, nor a clone of it: the operation that takes it would overwrite its
    /// contents, or return [`Error::Refused`].
    ///
    /// ```
    /// use wgpu_relu::{Gpu, GpuRelu};
    ///
    /// let gpu = Gpu::new()?;
    /// let relu = GpuRelu::new(&gpu);
    /// let x = gpu.upload(&[-1.0, 2.0])?;
    /// for _ in 0..3 {
    ///     let y = relu.apply(&x)?; // the same memory each time
    ///     assert_eq!(gpu.download(&y)?, [0.0, 2.0]);
    ///     gpu.recycle(y);
    /// }
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn recycle(&self, buffer: wgpu::Buffer) {
        if buffer.usage() == self.usages() {
            self.shared.recycled.put(buffer);
        }
    }

    /// A buffer of whole elements for an output: one that was handed back, or a new one. The bytes after an odd 16-bit
    /// element are to be 0, so `elements` is their number of bytes.
    pub(crate) fn output(&self, elements: u64) -> Result<wgpu::Buffer> {
        let recycled =
            if elements.is_multiple_of(4) { self.shared.recycled.take(elements) } else { None };
        match recycled {
            Some(buffer) => Ok(buffer),
            None => self.buffer(elements.saturating_add(3) / 4 * 4, false),
        }
    }

    /// The usages of buffers that every operator takes.
    fn usages(&self) -> wgpu::BufferUsages {
        use wgpu::BufferUsages as Usage;
        let map =
            if self.shared.mappable { Usage::MAP_READ | Usage::MAP_WRITE } else { Usage::empty() };
        Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST | map
    }

    /// A new buffer of `size` bytes that every operator takes. wgpu clears it before its first use. `mapped`: the host
    /// can write to it at once, and must unmap it.
    pub(crate) fn buffer(&self, size: u64, mapped: bool) -> Result<wgpu::Buffer> {
        let limit = self.shared.planner.limits.max_buffer_size;
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        self.create(&wgpu::BufferDescriptor {
            label: Some("wgpu-relu data"),
            size,
            usage: self.usages(),
            mapped_at_creation: mapped,
        })
    }

    /// Creates a buffer, or returns the reason why not.
    pub(crate) fn create(&self, descriptor: &wgpu::BufferDescriptor<'_>) -> Result<wgpu::Buffer> {
        let doing = "creating a buffer";
        self.check_queue(doing)?;
        let device = &self.shared.device;
        catch_errors(device, doing, || device.create_buffer(descriptor))
    }

    /// An error if nothing can be submitted.
    fn check_queue(&self, doing: &'static str) -> Result<()> {
        if self.shared.foreign_queue { Err(Error::ForeignQueue { doing }) } else { Ok(()) }
    }

    /// Creates a buffer of `bytes`, which are whole `u32`s, or returns the reason why not.
    ///
    /// It is not mapped for that. wgpu 30 maps another buffer then, and never frees that if another thread loses the device
    /// before this one is unmapped.
    pub(crate) fn create_filled(
        &self,
        doing: &'static str,
        descriptor: &wgpu::BufferDescriptor<'_>,
        bytes: &[u8],
    ) -> Result<wgpu::Buffer> {
        self.check_queue(doing)?;
        let Shared { device, queue, .. } = &*self.shared;
        let buffer = catch_errors(device, doing, || {
            let buffer = device.create_buffer(descriptor);
            queue.write_buffer(&buffer, 0, bytes);
            buffer
        })?;
        check_lost(device, doing)?;
        Ok(buffer)
    }

    /// Fills the start of a mapped buffer and unmaps it. The bytes up to a multiple of 4 become 0.
    pub(crate) fn fill_mapped(
        &self,
        doing: &'static str,
        buffer: &wgpu::Buffer,
        bytes: &[u8],
    ) -> Result<()> {
        let whole = bytes.len() / 4 * 4;
        let (words, rest) = bytes.split_at(whole);
        let mut range = buffer
            .get_mapped_range_mut(0..bytes.len().next_multiple_of(4) as u64)
            // Only a lost device leaves a mapped buffer without memory.
            .map_err(|_| Error::DeviceLost { doing })?;
        range.slice(..whole).copy_from_slice(words);
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            range.slice(whole..).copy_from_slice(&last);
        }
        drop(range);
        catch_errors(&self.shared.device, doing, || buffer.unmap())
    }

    /// Records and submits.
    pub(crate) fn submit(
        &self,
        doing: &'static str,
        used: Used<'_>,
        record: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<()> {
        self.check_queue(doing)?;
        let Shared { device, queue, .. } = &*self.shared;
        let commands = catch_errors(device, doing, || {
            let descriptor = wgpu::CommandEncoderDescriptor { label: Some("wgpu-relu") };
            let mut encoder = device.create_command_encoder(&descriptor);
            record(&mut encoder);
            encoder.finish()
        });
        let commands = commands.map_err(|error| self.name_operand(error, used))?;
        error_scope::submit(device, queue, commands, doing, used)
    }

    /// Names the operand that wgpu refuses.
    pub(crate) fn name_operand(&self, error: Error, used: Used<'_>) -> Error {
        error_scope::name_operand(&self.shared.device, &self.shared.queue, error, used)
    }
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let info = self.adapter_info();
        f.debug_struct("Gpu")
            .field("name", &info.name)
            .field("backend", &info.backend)
            .finish_non_exhaustive()
    }
}
