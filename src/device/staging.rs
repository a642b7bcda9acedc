//! Pooled staging buffers: a fresh large allocation costs more than the copy through it.

use std::sync::{Mutex, PoisonError};

/// The largest staging buffer; longer transfers take several.
const CHUNK: u64 = 32 << 20;

/// The smallest; sizes in between are powers of two, so that buffers find new users.
const SMALLEST: u64 = 64 << 10;

/// What a pool keeps at most, in bytes; buffers over it are freed when they come back.
const KEPT: u64 = 256 << 20;

/// The pools of a device. They keep buffers for reading unmapped, and buffers for writing mapped.
pub(crate) struct Staging {
    pub(crate) read: Pool,
    pub(crate) write: Pool,
    chunk: u64,
}

impl Staging {
    pub(crate) fn new(limits: &wgpu::Limits) -> Self {
        // At least 8 bytes, so that a device without buffers gets its error where it makes one.
        let chunk = CHUNK.min(limits.max_buffer_size / 8 * 8).max(8);
        Staging { read: Pool::default(), write: Pool::default(), chunk }
    }

    /// The most bytes to go through one buffer.
    pub(crate) fn chunk(&self) -> u64 {
        self.chunk
    }

    /// The size of the buffer that serves a transfer of `bytes`.
    pub(crate) fn size_for(&self, bytes: u64) -> u64 {
        bytes.next_power_of_two().max(SMALLEST).min(self.chunk)
    }
}

/// Free buffers, ready to be used.
#[derive(Default)]
pub(crate) struct Pool {
    free: Mutex<Vec<wgpu::Buffer>>,
}

impl Pool {
    /// A free buffer of exactly `size` bytes, if there is one.
    pub(crate) fn take(&self, size: u64) -> Option<wgpu::Buffer> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let index = free.iter().position(|buffer| buffer.size() == size)?;
        Some(free.swap_remove(index))
    }

    /// Takes a buffer back, or lets it go if the pool is full.
    pub(crate) fn put(&self, buffer: wgpu::Buffer) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: u64 = free.iter().map(wgpu::Buffer::size).sum();
        if kept + buffer.size() <= KEPT {
            free.push(buffer);
        }
    }
}
