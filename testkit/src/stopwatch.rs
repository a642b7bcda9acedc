//! The time of work on a device, by the host's clock and by the device's timestamps.

use std::error::Error;
use std::time::{Duration, Instant};

use wgpu_relu::{Gpu, GpuOptions, Result, wgpu};

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

/// Timestamps between operations, not only at the ends of passes.
const FEATURES: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// Opens the adapter that `options` lead to, with timestamps if it has them.
pub fn open(options: &GpuOptions) -> Result<Gpu> {
    let gpu = pollster::block_on(Gpu::request(options))?;
    let timed = GpuOptions { features: options.features | FEATURES, ..options.clone() };
    // A feature is a condition, so an adapter without it would lose to a worse one that has it.
    match pollster::block_on(Gpu::request(&timed)) {
        Ok(timed) if timed.adapter_info() == gpu.adapter_info() => Ok(timed),
        _ => Ok(gpu),
    }
}

/// What some work took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// From the submit until the host knows of the end.
    pub wall: Duration,
    /// From the device's timestamp before the work to the one after it.
    pub device: Option<Duration>,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.device = self.device.zip(other.device).map(|(a, b)| a + b);
    }
}

/// Times work on one device.
pub struct Stopwatch<'g> {
    gpu: &'g Gpu,
    timestamps: Option<Timestamps>,
}

struct Timestamps {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
    /// Nanoseconds of a tick.
    period: f64,
}

/// Two before the work and two after it. Mesa's software driver takes a timestamp only when it comes to the next one, so
/// the first of each two is right there; the second of the first two is right elsewhere as well.
const QUERIES: u32 = 4;

impl<'g> Stopwatch<'g> {
    /// Without timestamps if the device has none; [`open`] asks for them.
    pub fn new(gpu: &'g Gpu) -> Self {
        let has_timestamps = gpu.device().features().contains(FEATURES);
        Stopwatch { gpu, timestamps: has_timestamps.then(|| Timestamps::new(gpu)) }
    }

    /// Records work into one encoder, submits it and waits for its end. Recording is not timed.
    pub fn time(&self, record: impl FnOnce(&mut wgpu::CommandEncoder)) -> Outcome<Spent> {
        let mut encoder = self.encoder();
        self.mark(&mut encoder, 0);
        record(&mut encoder);
        self.mark(&mut encoder, 2);
        let start = Instant::now();
        self.run(encoder)?;
        self.spent(start.elapsed())
    }

    /// Times work that submits by itself, with all that the host does for it.
    pub fn time_submits(&self, work: impl FnOnce() -> Result<()>) -> Outcome<Spent> {
        let [mut before, mut after] = [self.encoder(), self.encoder()];
        self.mark(&mut before, 0);
        self.mark(&mut after, 2);
        self.run(before)?;
        let start = Instant::now();
        work()?;
        self.run(after)?;
        self.spent(start.elapsed())
    }

    /// Submits and waits.
    pub fn run(&self, encoder: wgpu::CommandEncoder) -> Outcome<()> {
        self.gpu.queue().submit([encoder.finish()]);
        self.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        Ok(())
    }

    pub fn encoder(&self) -> wgpu::CommandEncoder {
        self.gpu.device().create_command_encoder(&Default::default())
    }

    fn mark(&self, encoder: &mut wgpu::CommandEncoder, first: u32) {
        if let Some(Timestamps { queries, .. }) = &self.timestamps {
            encoder.write_timestamp(queries, first);
            encoder.write_timestamp(queries, first + 1);
        }
    }

    fn spent(&self, wall: Duration) -> Outcome<Spent> {
        let Some(timestamps) = &self.timestamps else { return Ok(Spent { wall, device: None }) };
        let Timestamps { queries, resolved, read, period } = timestamps;
        let mut encoder = self.encoder();
        encoder.resolve_query_set(queries, 0..QUERIES, resolved, 0);
        encoder.copy_buffer_to_buffer(resolved, 0, read, 0, read.size());
        self.gpu.queue().submit([encoder.finish()]);
        read.map_async(wgpu::MapMode::Read, .., |_| ());
        self.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&read.get_mapped_range(..)?);
        read.unmap();
        let nanoseconds = ticks[2].saturating_sub(ticks[0]) as f64 * period;
        Ok(Spent { wall, device: Some(Duration::from_secs_f64(nanoseconds * 1e-9)) })
    }
}

impl Timestamps {
    fn new(gpu: &Gpu) -> Self {
        use wgpu::BufferUsages as Usage;
        let buffer = |usage| {
            gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: u64::from(QUERIES) * 8,
                usage,
                mapped_at_creation: false,
            })
        };
        Timestamps {
            queries: gpu.device().create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count: QUERIES,
            }),
            resolved: buffer(Usage::QUERY_RESOLVE | Usage::COPY_SRC),
            read: buffer(Usage::COPY_DST | Usage::MAP_READ),
            period: f64::from(gpu.queue().get_timestamp_period()),
        }
    }
}

/// The sample in the middle; NaN of none.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
