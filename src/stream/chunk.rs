//! One chunk of a stream: its buffers, and its operation bound to them.

use std::sync::mpsc::{Receiver, channel};

use crate::args::view::View;
use crate::device::error_scope::{NONE_USED, catch_errors, not_mapped};
use crate::device::prepared::Prepared;
use crate::device::wait::{Done, wait};
use crate::error::Result;
use crate::operand::Operand;
use crate::ops::activation::GpuActivation;

const STREAM: &str = "streaming";

/// The buffers that one part of a stream's data goes through: filled, submitted, drained, and filled again. The result
/// overwrites the last input.
pub(crate) struct Chunk {
    relu: GpuActivation,
    /// Bytes per element.
    element: u64,
    /// x, and dy for a gradient.
    data: Vec<wgpu::Buffer>,
    /// Staging buffers, if the device cannot map the data itself.
    staged: Option<Staged>,
    /// The operation, and for how many elements it is bound.
    step: Option<(u64, Prepared)>,
    /// How many elements it holds.
    elements: u64,
    submitted: Option<Done>,
    /// Mappings asked for: closed when they are decided.
    mappings: Vec<Receiver<()>>,
    /// Whether its staging buffers are mapped or unmapped as the pools keep them, and can go back there.
    reusable: bool,
}

struct Staged {
    write: Vec<wgpu::Buffer>,
    read: wgpu::Buffer,
}

impl Chunk {
    /// Creates a chunk of up to `capacity` elements, with `inputs` inputs.
    pub(crate) fn new(relu: &GpuActivation, inputs: usize, capacity: u64) -> Result<Self> {
        let gpu = &relu.gpu;
        let element = relu.element(Operand::X).size();
        let bytes = (capacity * element).next_multiple_of(4);
        let mappable = gpu.shared.mappable;
        let data = (0..inputs).map(|_| gpu.buffer(bytes, mappable)).collect::<Result<_>>()?;
        let staged = if mappable {
            None
        } else {
            let write = (0..inputs).map(|_| gpu.write_staging(bytes)).collect::<Result<_>>()?;
            Some(Staged { write, read: gpu.read_staging(bytes)? })
        };
        Ok(Chunk {
            relu: relu.clone(),
            element,
            data,
            staged,
            step: None,
            elements: 0,
            submitted: None,
            mappings: Vec::new(),
            reusable: true,
        })
    }

    /// The most elements it takes.
    pub(crate) fn capacity(&self) -> u64 {
        self.data.first().map_or(0, wgpu::Buffer::size) / self.element
    }

    /// Whether it can take `elements` elements with `inputs` inputs.
    pub(crate) fn fits(&self, inputs: usize, elements: u64) -> bool {
        self.data.len() == inputs && self.capacity() >= elements
    }

    /// How many elements were submitted.
    pub(crate) fn elements(&self) -> u64 {
        self.elements
    }

    /// Maps the first `elements` of an input for writing, up to a multiple of 4 bytes. Waits until they are free.
    pub(crate) fn input(&mut self, index: usize, elements: u64) -> Result<wgpu::BufferViewMut> {
        self.wait()?;
        let bytes = self.bytes(elements);
        self.inputs()[index]
            .get_mapped_range_mut(0..bytes)
            .map_err(|_| not_mapped(&self.relu.gpu.shared.device, STREAM))
    }

    /// Bytes of so many elements, rounded up to a multiple of 4.
    fn bytes(&self, elements: u64) -> u64 {
        (elements * self.element).next_multiple_of(4)
    }

    /// Submits the operation on the first `elements` of the inputs. `first` is their position in all data.
    pub(crate) fn submit(&mut self, first: u64, elements: u64) -> Result<()> {
        self.reusable = false;
        self.elements = elements;
        let bytes = self.bytes(elements);
        let step = match self.step.take() {
            Some((bound, step)) if bound == elements => step,
            _ => self.bind(elements)?,
        };
        if self.relu.draws() {
            step.set_first(first)?;
        }
        let gpu = &self.relu.gpu;
        catch_errors(&gpu.shared.device, STREAM, || {
            self.inputs().iter().for_each(wgpu::Buffer::unmap)
        })?;
        gpu.submit(STREAM, NONE_USED, |encoder| {
            for (from, to) in self.staged.iter().flat_map(|staged| &staged.write).zip(&self.data) {
                encoder.copy_buffer_to_buffer(from, 0, to, 0, bytes);
            }
            let descriptor =
                wgpu::ComputePassDescriptor { label: Some("wgpu-relu"), timestamp_writes: None };
            step.record(&mut encoder.begin_compute_pass(&descriptor));
            if let Some(staged) = &self.staged {
                encoder.copy_buffer_to_buffer(self.result(), 0, &staged.read, 0, bytes);
            }
        })?;
        self.submitted = Some(Done::of(&gpu.shared.queue));
        self.step = Some((elements, step));
        let output = self.output().clone();
        self.map(wgpu::MapMode::Read, &[output], bytes)?;
        // Inputs in staging buffers can be mapped for the next part already.
        match &self.staged {
            Some(staged) => {
                self.map(wgpu::MapMode::Write, &staged.write.clone(), staged.read.size())
            }
            None => Ok(()),
        }
    }

    /// Waits for the result and hands it to `read`.
    pub(crate) fn output_to<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.wait()?;
        let bytes = self.bytes(self.elements);
        let view = self
            .output()
            .get_mapped_range(0..bytes)
            .map_err(|_| not_mapped(&self.relu.gpu.shared.device, STREAM))?;
        Ok(read(&view[..(self.elements * self.element) as usize]))
    }

    /// Makes it ready to be filled again.
    pub(crate) fn recycle(&mut self) -> Result<()> {
        catch_errors(&self.relu.gpu.shared.device, STREAM, || self.output().unmap())?;
        if self.staged.is_none() {
            let data = self.data.clone();
            let bytes = data.first().map_or(0, wgpu::Buffer::size);
            self.map(wgpu::MapMode::Write, &data, bytes)?;
        }
        self.reusable = true;
        Ok(())
    }

    /// The buffers that the host writes to.
    fn inputs(&self) -> &[wgpu::Buffer] {
        self.staged.as_ref().map_or(&self.data, |staged| &staged.write)
    }

    /// The buffer that the host reads from.
    fn output(&self) -> &wgpu::Buffer {
        self.staged.as_ref().map_or(self.result(), |staged| &staged.read)
    }

    fn result(&self) -> &wgpu::Buffer {
        &self.data[self.data.len() - 1]
    }

    fn bind(&self, elements: u64) -> Result<Prepared> {
        let size = elements * self.element;
        let [x, result] = [&self.data[0], self.result()].map(|buffer| View {
            buffer,
            offset: 0,
            size,
            layout: None,
        });
        match self.data.len() {
            1 => self.relu.prepare(x, x),
            _ => self.relu.prepare_gradient(x, result, result),
        }
    }

    fn map(&mut self, mode: wgpu::MapMode, buffers: &[wgpu::Buffer], bytes: u64) -> Result<()> {
        for buffer in buffers {
            let (sender, receiver) = channel();
            catch_errors(&self.relu.gpu.shared.device, STREAM, || {
                // wgpu drops the callback when it has run, or after a panic in another: either closes the channel.
                buffer.map_async(mode, 0..bytes, move |_| drop(sender));
            })?;
            self.mappings.push(receiver);
        }
        Ok(())
    }

    /// Waits until what was submitted is done and every mapping is decided. Whether it succeeded, its memory tells.
    fn wait(&mut self) -> Result<()> {
        if self.mappings.is_empty() {
            return Ok(());
        }
        if let Some(submitted) = &self.submitted {
            wait(&self.relu.gpu.shared.device, submitted, STREAM)?;
        }
        // Another thread's poll may have found the mapping done, and be about to tell.
        for mapping in self.mappings.drain(..) {
            let _ = mapping.recv();
        }
        Ok(())
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let (true, Some(staged)) = (self.reusable, self.staged.take()) {
            let pools = &self.relu.gpu.shared.staging;
            staged.write.into_iter().for_each(|buffer| pools.write.put(buffer));
            pools.read.put(staged.read);
        }
    }
}
