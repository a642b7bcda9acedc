//! A buffer that goes to and fro between the CPU and the GPU.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A mappable buffer; whether it is the CPU's at the moment is known without waiting.
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

    /// Whether it is mapped. If so, it is the caller's to unmap.
    pub(crate) fn take(&self) -> bool {
        self.ready.swap(false, Ordering::Acquire)
    }

    /// Asks for it, for when all that was submitted is done. On a lost device it never comes.
    pub(crate) fn request(&self) {
        let ready = self.ready.clone();
        self.buffer.map_async(self.mode, .., move |outcome| {
            ready.store(outcome.is_ok(), Ordering::Release);
        });
    }
}
