//! Pools of buffers. A fresh large allocation costs more than a copy through it, and wgpu clears it.

use std::sync::{Mutex, PoisonError};

/// The largest staging buffer; longer transfers take several.
const CHUNK: u64 = 32 << 20;

/// The smallest staging buffer. Sizes in between are powers of two, so that buffers find new users. Shorter data goes
/// through `Queue::write_buffer`.
pub(crate) const SMALLEST: u64 = 64 << 10;

/// The most bytes that a pool of staging buffers keeps.
const KEPT: u64 = 256 << 20;

/// The pools of staging buffers. They keep buffers for reading unmapped, and buffers for writing mapped.
pub(crate) struct Staging {
    pub(crate) read: Pool,
    pub(crate) write: Pool,
    chunk: u64,
}

impl Staging {
    pub(crate) fn new(limits: &wgpu::Limits) -> Self {
        // At least 8 bytes, so that a device without buffers gets its error where it makes one.
        let chunk = CHUNK.min(limits.max_buffer_size / 8 * 8).max(8);
        Staging { read: Pool::new(KEPT), write: Pool::new(KEPT), chunk }
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
pub(crate) struct Pool {
    /// The oldest first.
    free: Mutex<Vec<wgpu::Buffer>>,
    /// The most bytes that it keeps.
    kept: u64,
}

impl Pool {
    pub(crate) fn new(kept: u64) -> Self {
        Pool { free: Mutex::default(), kept }
    }

    /// A free buffer of exactly `size` bytes, if there is one.
    pub(crate) fn take(&self, size: u64) -> Option<wgpu::Buffer> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let index = free.iter().position(|buffer| buffer.size() == size)?;
        Some(free.remove(index))
    }

    /// Lets all free buffers go.
    pub(crate) fn clear(&self) {
        // They are dropped after the lock: wgpu may run callbacks then, which put buffers back.
        let free = std::mem::take(&mut *self.free.lock().unwrap_or_else(PoisonError::into_inner));
        drop(free);
    }

    /// Takes a buffer back. If the pool is full, it frees the buffers that have been in it for longest.
    pub(crate) fn put(&self, buffer: wgpu::Buffer) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(buffer);
        let mut kept: u64 = free.iter().map(wgpu::Buffer::size).sum();
        let is_surplus = |buffer: &&wgpu::Buffer| {
            let is_surplus = kept > self.kept;
            kept -= buffer.size();
            is_surplus
        };
        let surplus = free.iter().take_while(is_surplus).count();
        let surplus: Vec<wgpu::Buffer> = free.drain(..surplus).collect();
        // Dropped after the lock, as in `clear`.
        drop((free, surplus));
    }
}
