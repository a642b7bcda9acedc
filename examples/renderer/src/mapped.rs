//! A buffer that the CPU and the GPU use alternately.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A mappable buffer. It knows without waiting whether it is mapped.
pub(crate) struct Mapped {
    pub(crate) buffer: wgpu::Buffer,
    mode: wgpu::MapMode,
    ready: Arc<AtomicBool>,
}

impl Mapped {
    pub(crate) fn new(
        device: &wgpu::Device,
        label: &str,
        size: u64,
        mode: wgpu::MapMode,
        ready: bool,
    ) -> Self {
        use wgpu::BufferUsages as Usage;
        let usage = match mode {
            wgpu::MapMode::Read => Usage::MAP_READ | Usage::COPY_DST,
            wgpu::MapMode::Write => Usage::MAP_WRITE | Usage::COPY_SRC,
        };
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: ready,
        });
        Mapped { buffer, mode, ready: Arc::new(AtomicBool::new(ready)) }
    }

    /// Whether it is mapped. If it is, the caller must unmap it.
    pub(crate) fn take(&self) -> bool {
        self.ready.swap(false, Ordering::Acquire)
    }

    /// Requests the mapping, which comes when everything submitted so far is done. On a lost device it never comes.
    pub(crate) fn request(&self) {
        let ready = self.ready.clone();
        self.buffer.map_async(self.mode, .., move |outcome| {
            ready.store(outcome.is_ok(), Ordering::Release);
        });
    }
}
