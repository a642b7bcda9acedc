//! How long the frames of an embedder wait while another thread downloads: each frame submits and polls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wgpu_relu::Gpu;

use crate::{data, mapped, time};

const ELEMENTS: usize = 16 << 20;

/// For how long frames are drawn beside each work.
const DURATION: Duration = Duration::from_secs(4);

/// What the other thread does, over and over.
type Work<'a> = Box<dyn FnMut() + Send + 'a>;

pub(crate) fn measure(gpu: &Gpu) {
    let x = gpu.upload(&data(ELEMENTS)).expect("an upload");
    let staging = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: x.size(),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let copy = || {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&x, 0, &staging, 0, x.size());
        gpu.queue().submit([encoder.finish()]);
    };
    let mut host = vec![0; x.size() as usize];
    let works: [(&str, Work<'_>); 5] = [
        ("nothing", Box::new(|| std::thread::sleep(Duration::from_millis(5)))),
        (
            "copies by wgpu",
            Box::new(|| {
                copy();
                std::thread::sleep(Duration::from_millis(50));
            }),
        ),
        (
            "copies by wgpu, each mapped and read",
            Box::new(|| {
                copy();
                mapped(gpu, &staging, wgpu::MapMode::Read, || {
                    host.copy_from_slice(&staging.get_mapped_range(..).expect("a mapping"));
                });
            }),
        ),
        ("download", Box::new(|| drop(gpu.download(&x).expect("a download")))),
        (
            "download_async",
            Box::new(|| drop(pollster::block_on(gpu.download_async(&x)).expect("a download"))),
        ),
    ];
    println!("\n| beside it: 64 MiB, over and over | 99 % of waits, ms | longest |");
    println!("| --- | ---: | ---: |");
    for (name, work) in works {
        let waits = frames_beside(gpu, work);
        let at = |index: usize| 1e3 * waits[index].as_secs_f64();
        println!("| {name} | {:.1} | {:.1} |", at(waits.len() * 99 / 100), at(waits.len() - 1));
    }
}

/// How long each frame waited in wgpu, the shortest first.
fn frames_beside(gpu: &Gpu, mut work: Work<'_>) -> Vec<Duration> {
    let frame = gpu.zeros::<f32>(64).expect("a buffer");
    let stop = AtomicBool::new(false);
    let mut waits = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                work();
            }
        });
        let start = Instant::now();
        while start.elapsed() < DURATION {
            waits.push(time(|| {
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                encoder.clear_buffer(&frame, 0, None);
                gpu.queue().submit([encoder.finish()]);
                gpu.device().poll(wgpu::PollType::Poll).expect("a device");
            }));
            std::thread::sleep(Duration::from_millis(1));
        }
        stop.store(true, Ordering::Relaxed);
    });
    waits.sort();
    waits
}
