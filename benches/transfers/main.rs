//! Measures transfers between the host and the device: uploads and downloads beside a `memcpy`, streams beside their
//! slowest stage, and the memory that a stream takes. Every figure is a share of a rate from the same run.
//!
//! ```sh
//! cargo bench --bench transfers            # transfers and streams
//! cargo bench --bench transfers -- memory  # 1 and 16 GiB through a stream (a minute), nothing else
//! cargo bench --bench transfers -- frames  # an embedder's frames beside downloads, nothing else
//! ```

mod frames;
mod memory;
mod stages;
mod transfers;

use std::time::{Duration, Instant};

use wgpu_relu::Gpu;

/// The best device there is, and the same adapter without mappable data buffers.
struct Devices {
    best: Gpu,
    staged: Gpu,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let named = |name: &str| filters.iter().any(|filter| *filter == name);
    let [transfers, streams] =
        ["transfers", "streams"].map(|name| filters.is_empty() || named(name));
    // These run by name only: one takes a minute, the other needs an idle machine.
    let [memory, frames] = ["memory", "frames"].map(named);
    // `cargo test --all-targets` runs this without `--bench`, to see that it builds.
    if !arguments.iter().any(|word| word == "--bench")
        || !(transfers || streams || memory || frames)
    {
        return;
    }
    let devices = Devices::open();
    if transfers {
        transfers::measure(&devices);
    }
    if streams {
        stages::measure(&devices);
    }
    if memory {
        memory::measure(&devices);
    }
    if frames {
        frames::measure(&devices.best);
    }
}

impl Devices {
    fn open() -> Self {
        let best =
            Gpu::new().expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
        let info = best.adapter_info();
        let instance =
            wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let backends = wgpu::Backends::from(info.backend);
        let adapter = pollster::block_on(instance.enumerate_adapters(backends))
            .into_iter()
            .find(|adapter| adapter.get_info().name == info.name)
            .expect("the adapter is still there");
        let descriptor =
            wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..Default::default() };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).expect("a second device");
        println!("{} ({:?})", info.name, info.backend);
        Devices { best, staged: Gpu::from_device(&device, &queue) }
    }

    fn each(&self) -> [(&'static str, &Gpu); 2] {
        let mappable =
            self.best.device().features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS);
        [(if mappable { "mappable" } else { "default" }, &self.best), ("staged", &self.staged)]
    }
}

/// CPU time of the process so far, of all threads, also ended ones; zero on systems without Linux's /proc.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

/// Maps `buffer`, runs `work`, unmaps.
fn mapped(gpu: &Gpu, buffer: &wgpu::Buffer, mode: wgpu::MapMode, work: impl FnOnce()) {
    let (sender, receiver) = std::sync::mpsc::channel();
    buffer.map_async(mode, .., move |result| sender.send(result).expect("a listener"));
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("a device");
    receiver.recv().expect("an answer").expect("a mapping");
    work();
    buffer.unmap();
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// GB/s.
fn rate(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e9
}

/// Values of both signs, the same in every run.
fn data(length: usize) -> Vec<f32> {
    (0..length).map(|i| (i % 1021) as f32 - 510.0).collect()
}
