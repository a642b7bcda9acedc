//! Times the parts of a frame, by timestamps at the ends of its passes.
//!
//! A pass counts from the end of the previous one. Each pass reads the results of the previous one, so passes do not
//! overlap, and the parts add up to the whole. Timestamps of begins are written, but not read: lavapipe takes a
//! timestamp only when it reaches the next one. So the begin of a pass makes it take the end of the previous pass, and
//! the begin's own comes too late.

use crate::mapped::Mapped;

/// The purpose of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The products, with the activations if they are fused.
    Products,
    Activations,
    Drawing,
}

/// Milliseconds of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Times {
    pub(crate) products: f64,
    pub(crate) activations: f64,
    pub(crate) drawing: f64,
}

impl Times {
    pub(crate) fn total(&self) -> f64 {
        self.products + self.activations + self.drawing
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (total, Times { products, activations, drawing }) = (self.total(), self);
        write!(
            f,
            "{total:.2} ms a frame: products {products:.2}, activations {activations:.2}, drawing {drawing:.2}"
        )
    }
}

/// Timestamps of the frames of one plan.
pub(crate) struct Timing {
    /// The purposes of the passes, in their order.
    parts: Vec<Part>,
    /// Nanoseconds per tick.
    period: f64,
    slots: Vec<Slot>,
    /// The slot of the frame that is recorded.
    current: Option<usize>,
    latest: Option<Times>,
}

/// The objects of one frame in flight.
struct Slot {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: Mapped,
    on_its_way: bool,
}

impl Timing {
    const FRAMES: usize = 3;

    /// The begin and the end of each pass, and of an empty pass before the first.
    fn count(parts: &[Part]) -> u32 {
        2 * (parts.len() as u32 + 1)
    }

    /// None if the device has no timestamps, or if the frame has too many passes for them.
    pub(crate) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        parts: Vec<Part>,
    ) -> Option<Self> {
        let count = Self::count(&parts);
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
            || count > wgpu::QUERY_SET_MAX_QUERIES
        {
            return None;
        }
        let size = u64::from(count) * 8;
        let slot = |_| Slot {
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("renderer passes"),
                ty: wgpu::QueryType::Timestamp,
                count,
            }),
            resolved: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("renderer timestamps"),
                size,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
            read: Mapped::new(device, "renderer timestamps", size, wgpu::MapMode::Read, false),
            on_its_way: false,
        };
        Some(Timing {
            period: f64::from(queue.get_timestamp_period()),
            slots: (0..Self::FRAMES).map(slot).collect(),
            parts,
            current: None,
            latest: None,
        })
    }

    /// Begins a frame: reads timestamps that have arrived, and takes a free slot. Without a slot, the frame is not
    /// timed.
    pub(crate) fn begin(&mut self) {
        let Timing { parts, period, latest, .. } = self;
        for slot in &mut self.slots {
            if slot.read.take() {
                slot.on_its_way = false;
                if let Ok(range) = slot.read.buffer.get_mapped_range(..) {
                    *latest = Some(times(&range, parts, *period));
                }
                slot.read.buffer.unmap();
            }
        }
        self.current = self.slots.iter().position(|slot| !slot.on_its_way);
    }

    /// Takes the time before the first pass, by a pass without work.
    pub(crate) fn start(&self, encoder: &mut wgpu::CommandEncoder) {
        let timestamp_writes = self.place(0).map(Place::compute);
        if timestamp_writes.is_some() {
            let label = Some("renderer start");
            let descriptor = wgpu::ComputePassDescriptor { label, timestamp_writes };
            encoder.begin_compute_pass(&descriptor);
        }
    }

    /// The timestamps of the pass with this number, from 0.
    pub(crate) fn pass(&self, pass: usize) -> Option<Place<'_>> {
        self.place(pass as u32 + 1)
    }

    fn place(&self, pass: u32) -> Option<Place<'_>> {
        Some(Place { query_set: &self.slots[self.current?].queries, first: 2 * pass })
    }

    /// Ends a frame, after its last pass.
    pub(crate) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let Some(slot) = self.current.map(|index| &self.slots[index]) else { return };
        let count = Self::count(&self.parts);
        encoder.resolve_query_set(&slot.queries, 0..count, &slot.resolved, 0);
        let size = slot.read.buffer.size();
        encoder.copy_buffer_to_buffer(&slot.resolved, 0, &slot.read.buffer, 0, size);
    }

    /// Requests the timestamps, after the submit.
    pub(crate) fn submitted(&mut self) {
        if let Some(index) = self.current.take() {
            self.slots[index].on_its_way = true;
            self.slots[index].read.request();
        }
    }

    /// The times of the latest frame whose timestamps have arrived.
    pub(crate) fn latest(&self) -> Option<Times> {
        self.latest
    }
}

/// The timestamps of a pass.
pub(crate) struct Place<'a> {
    query_set: &'a wgpu::QuerySet,
    first: u32,
}

impl<'a> Place<'a> {
    pub(crate) fn compute(self) -> wgpu::ComputePassTimestampWrites<'a> {
        wgpu::ComputePassTimestampWrites {
            query_set: self.query_set,
            beginning_of_pass_write_index: Some(self.first),
            end_of_pass_write_index: Some(self.first + 1),
        }
    }

    pub(crate) fn render(self) -> wgpu::RenderPassTimestampWrites<'a> {
        wgpu::RenderPassTimestampWrites {
            query_set: self.query_set,
            beginning_of_pass_write_index: Some(self.first),
            end_of_pass_write_index: Some(self.first + 1),
        }
    }
}

/// Sums over the passes, from the previous end to each end.
fn times(bytes: &[u8], parts: &[Part], period: f64) -> Times {
    let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(bytes);
    let ends: Vec<u64> = ticks.chunks_exact(2).map(|pass| pass[1]).collect();
    let mut times = Times::default();
    for (part, pair) in parts.iter().zip(ends.windows(2)) {
        let sum = match part {
            Part::Products => &mut times.products,
            Part::Activations => &mut times.activations,
            Part::Drawing => &mut times.drawing,
        };
        *sum += pair[1].saturating_sub(pair[0]) as f64 * period * 1e-6;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_add_up_by_what_they_are_for() {
        let ticks: [u64; 10] = [1, 10, 13, 14, 15, 15, 16, 20, 21, 31];
        let parts = [Part::Products, Part::Activations, Part::Products, Part::Drawing];
        let times = times(bytemuck::cast_slice(&ticks), &parts, 1e6);
        assert_eq!(times, Times { products: 9.0, activations: 1.0, drawing: 11.0 });
        assert_eq!(times.total(), 21.0);
    }
}
