//! Pooled staging buffers: a fresh large allocation costs more than the copy through it.

use std::sync::{Mutex, PoisonError};

/// The largest staging buffer; longer transfers take several.
pub(crate) const CHUNK: u64 = 32 << 20;

/// The smallest; sizes in between are powers of two, so that buffers find new users.
const SMALLEST: u64 = 64 << 10;

/// What a pool keeps at most, in bytes; buffers over it are freed when they come back.
const KEPT: u64 = 256 << 20;

/// The pools of a device. Buffers for reading rest unmapped, buffers for writing rest mapped.
#[derive(Default)]
pub(crate) struct Staging {
    pub(crate) read: Pool,
    pub(crate) write: Pool,
}

/// Free buffers, ready to be used.
#[derive(Default)]
pub(crate) struct Pool {
    free: Mutex<Vec<wgpu::Buffer>>,
}

impl Pool {
    /// The size of the buffer that serves a transfer of `bytes`.
    pub(crate) fn size_for(bytes: u64) -> u64 {
        bytes.next_power_of_two().clamp(SMALLEST, CHUNK)
    }

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
