//! Times an operation: the median over batches of runs. A batch shares the cost of one submit, which would hide that of
//! a run.

use std::fmt;
use std::time::{Duration, Instant};

use wgpu_relu::{Error, Gpu, Prepared};

const BATCH: u32 = 20;
const ROUNDS: usize = 21;

/// Seconds of one run of `step`.
pub(crate) fn operation(gpu: &Gpu, step: &Prepared) -> Result<f64, Error> {
    median(gpu, |encoder| {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for _ in 0..BATCH {
            step.record(&mut pass);
        }
    })
}

/// Seconds of one copy from a buffer to another of equal size.
pub(crate) fn copy(gpu: &Gpu, from: &wgpu::Buffer, to: &wgpu::Buffer) -> Result<f64, Error> {
    median(gpu, |encoder| {
        for _ in 0..BATCH {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, from.size());
        }
    })
}

fn median(gpu: &Gpu, record: impl Fn(&mut wgpu::CommandEncoder)) -> Result<f64, Error> {
    let mut seconds = Vec::with_capacity(ROUNDS);
    // The first round compiles and warms up.
    for round in 0..=ROUNDS {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        record(&mut encoder);
        let start = Instant::now();
        gpu.queue().submit([encoder.finish()]);
        let waited = gpu.device().poll(wgpu::PollType::wait_indefinitely());
        waited.map_err(|_| Error::DeviceLost { doing: "timing an operation" })?;
        if round > 0 {
            seconds.push(start.elapsed().as_secs_f64() / f64::from(BATCH));
        }
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[ROUNDS / 2])
}

/// A duration and a rate, as text.
pub(crate) struct Report {
    seconds: f64,
    bytes: u64,
}

impl Report {
    /// `bytes` counts the bytes read and written.
    pub(crate) fn new(seconds: f64, bytes: u64) -> Self {
        Report { seconds, bytes }
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Duration::from_secs_f64(self.seconds);
        write!(f, "{time:.1?}, {:.2} GB/s", self.bytes_per_second() / 1e9)
    }
}
