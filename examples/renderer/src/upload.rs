//! The few bytes that change from frame to frame.

use crate::mapped::Mapped;

/// Buffers that are filled in turn. `Queue::write_buffer` would create a buffer in every call.
pub(crate) struct Upload {
    buffers: Vec<Mapped>,
    size: u64,
    /// The buffer of the frame that is recorded.
    current: Option<usize>,
}

impl Upload {
    /// The usual number of frames in flight. More frames make more buffers.
    const FRAMES: usize = 3;

    pub(crate) fn new(device: &wgpu::Device, size: u64) -> Self {
        let mut upload = Upload { buffers: Vec::new(), size, current: None };
        (0..Self::FRAMES).for_each(|_| upload.grow(device));
        upload
    }

    fn grow(&mut self, device: &wgpu::Device) {
        let mode = wgpu::MapMode::Write;
        self.buffers.push(Mapped::new(device, "renderer upload", self.size, mode, true));
    }

    /// Records a copy of `bytes` to `target`.
    pub(crate) fn record(
        &mut self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        target: &wgpu::Buffer,
        bytes: &[u8],
    ) {
        let index = match self.buffers.iter().position(Mapped::take) {
            Some(index) => index,
            None => {
                self.grow(device);
                self.buffers.len() - 1
            }
        };
        let mapped = &self.buffers[index];
        mapped.take();
        // Only a lost device has no memory here, and it draws nothing.
        if let Ok(mut range) = mapped.buffer.get_mapped_range_mut(..) {
            range.slice(..bytes.len()).copy_from_slice(bytes);
        }
        mapped.buffer.unmap();
        encoder.copy_buffer_to_buffer(&mapped.buffer, 0, target, 0, self.size);
        self.current = Some(index);
    }

    /// Requests the mapping of the buffer, after the submit.
    pub(crate) fn submitted(&mut self) {
        if let Some(index) = self.current.take() {
            self.buffers[index].request();
        }
    }
}
