//! Streams from end to end, and each of their stages alone.

use std::time::Duration;

use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared};

use crate::{Devices, cpu_time, data, mapped, rate, time};

const ROUNDS: usize = 20;

/// The default of a software adapter, and the default of others.
const CHUNKS: [usize; 2] = [512 << 10, 2 << 20];

/// The chunks of a stream.
const SLOTS: usize = 3;

pub(crate) fn measure(devices: &Devices) {
    let length = 16 << 20;
    let x = data(length);
    let mut y = vec![1.0f32; length];
    println!(
        "\nGB/s of each stage alone and of the stream; the stream's rate over that of the slowest stage, its CPU \
         time over that of all stages.\n"
    );
    println!(
        "| path | activation | chunk, Ki | fill | compute | drain | stream | of the slowest | CPU |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (path, gpu) in devices.each() {
        for activation in [Activation::Relu, Activation::Gelu] {
            let relu = GpuRelu::with_activation(gpu, activation).expect("an activation");
            for chunk in CHUNKS {
                let stages = Stages::new(gpu, &relu, chunk);
                let mut stream = relu.stream().chunk(chunk);
                let mut times = [const { Vec::new() }; 4];
                let mut cpu = [Duration::ZERO; 4];
                for round in 0..=ROUNDS {
                    let taken = [
                        measured(|| stages.fill(&x)),
                        measured(|| stages.compute(length)),
                        measured(|| stages.drain(&mut y)),
                        measured(|| stream.run(&x, &mut y).expect("a stream")),
                    ];
                    if round > 0 {
                        for (index, (wall, spent)) in taken.into_iter().enumerate() {
                            times[index].push(wall);
                            cpu[index] += spent;
                        }
                    }
                }
                if activation == Activation::Relu {
                    assert!(x.iter().zip(&y).all(|(x, &y)| x.max(0.0) == y), "wrong results");
                }
                // The least disturbed round of each.
                let [fill, compute, drain, all] =
                    times.map(|times| times.into_iter().min().unwrap_or_default());
                let slowest = fill.max(compute).max(drain).as_secs_f64() / all.as_secs_f64();
                let stages_cpu = cpu[..3].iter().sum::<Duration>().as_secs_f64();
                let rates = [fill, compute, drain, all]
                    .map(|time| format!("{:.1}", rate(4 * length, time)));
                println!(
                    "| {path} | {} | {} | {} | {slowest:.2} | {:.2} |",
                    activation.name(),
                    chunk >> 10,
                    rates.join(" | "),
                    cpu[3].as_secs_f64() / stages_cpu,
                );
            }
        }
    }
}

/// Wall and CPU time.
fn measured(work: impl FnOnce()) -> (Duration, Duration) {
    let before = cpu_time();
    let wall = time(work);
    (wall, cpu_time() - before)
}

/// Buffers as a stream has them, used by one stage at a time.
struct Stages<'g> {
    gpu: &'g Gpu,
    chunk: usize,
    write: Vec<wgpu::Buffer>,
    read: Vec<wgpu::Buffer>,
    steps: Vec<(wgpu::Buffer, Prepared)>,
    staged: bool,
}

impl<'g> Stages<'g> {
    fn new(gpu: &'g Gpu, relu: &GpuRelu, chunk: usize) -> Self {
        use wgpu::BufferUsages as Usage;
        let staged = !gpu.device().features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS);
        let buffers = |usage| -> Vec<wgpu::Buffer> {
            let descriptor = wgpu::BufferDescriptor {
                label: None,
                size: 4 * chunk as u64,
                usage,
                mapped_at_creation: false,
            };
            (0..SLOTS).map(|_| gpu.device().create_buffer(&descriptor)).collect()
        };
        let steps = (0..SLOTS)
            .map(|_| {
                let buffer = gpu.upload(&data(chunk)).expect("an upload");
                let step = relu.prepare(&buffer, &buffer).expect("a step");
                (buffer, step)
            })
            .collect();
        let (write, read) = if staged {
            (
                buffers(Usage::MAP_WRITE | Usage::COPY_SRC),
                buffers(Usage::MAP_READ | Usage::COPY_DST),
            )
        } else {
            let all = Usage::MAP_READ | Usage::MAP_WRITE | Usage::STORAGE;
            let both = buffers(all);
            (both.clone(), both)
        };
        Stages { gpu, chunk, write, read, steps, staged }
    }

    fn fill(&self, x: &[f32]) {
        for (part, buffer) in x.chunks(self.chunk).zip(self.write.iter().cycle()) {
            let bytes = bytemuck::cast_slice(part);
            mapped(self.gpu, buffer, wgpu::MapMode::Write, || {
                let view = buffer.get_mapped_range_mut(0..bytes.len() as u64);
                view.expect("a mapped buffer").copy_from_slice(bytes);
            });
        }
    }

    fn drain(&self, y: &mut [f32]) {
        for (part, buffer) in y.chunks_mut(self.chunk).zip(self.read.iter().cycle()) {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(part);
            mapped(self.gpu, buffer, wgpu::MapMode::Read, || {
                let view = buffer.get_mapped_range(0..bytes.len() as u64);
                bytes.copy_from_slice(&view.expect("a mapped buffer"));
            });
        }
    }

    /// The device's work, with the copies from and to the staging buffers.
    fn compute(&self, length: usize) {
        let size = 4 * self.chunk as u64;
        let mut under_way = std::collections::VecDeque::new();
        for index in 0..length.div_ceil(self.chunk) {
            if under_way.len() == SLOTS {
                self.wait(under_way.pop_front());
            }
            let (buffer, step) = &self.steps[index % SLOTS];
            let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
            if self.staged {
                encoder.copy_buffer_to_buffer(&self.write[index % SLOTS], 0, buffer, 0, size);
            }
            step.record(&mut encoder.begin_compute_pass(&Default::default()));
            if self.staged {
                encoder.copy_buffer_to_buffer(buffer, 0, &self.read[index % SLOTS], 0, size);
            }
            under_way.push_back(self.gpu.queue().submit([encoder.finish()]));
        }
        self.wait(under_way.pop_back());
    }

    fn wait(&self, submission_index: Option<wgpu::SubmissionIndex>) {
        let wait = wgpu::PollType::Wait { submission_index, timeout: None };
        self.gpu.device().poll(wait).expect("a device");
    }
}
