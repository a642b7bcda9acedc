//! Uploads and downloads beside a `memcpy` of the same data. If the device can map data buffers, mapping too; like a
//! stream's buffer, such a buffer has no other user meanwhile.

use std::hint::black_box;

use wgpu_relu::Gpu;

use crate::{Devices, data, mapped, median, rate, time};

const ROUNDS: usize = 15;

pub(crate) fn measure(devices: &Devices) {
    println!("\n`to_vec` and `upload` allocate, `upload_into` and `download_into` do not.\n");
    println!(
        "| MiB | path | memcpy, GB/s | to_vec | upload | upload_into | download_into | map, write | \
         map, read |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for mib in [16, 256] {
        for (path, gpu) in devices.each() {
            transfer(gpu, path, mib);
        }
    }
}

fn transfer(gpu: &Gpu, path: &str, mib: usize) {
    let x = data(mib << 18);
    let mut y = vec![1.0f32; x.len()];
    let target = gpu.upload(&y).expect("an upload");
    // The device may still be copying; that time belongs to the upload.
    let finish = || {
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("a device");
    };
    let mut times = [const { Vec::new() }; 7];
    // All take turns, so that a disturbance hits all. The first round makes the staging buffers.
    for round in 0..=ROUNDS {
        let mut fresh = None;
        let mut taken = vec![
            time(|| black_box(&mut y).copy_from_slice(black_box(&x))),
            time(|| drop(black_box(black_box(&x).to_vec()))),
            time(|| {
                fresh = Some(gpu.upload(&x).expect("an upload"));
                finish();
            }),
            time(|| {
                gpu.upload_into(&x, &target).expect("an upload");
                finish();
            }),
        ];
        drop(fresh);
        y.fill(0.0);
        taken.push(time(|| gpu.download_into(&target, &mut y).expect("a download")));
        assert!(y == x, "what came back is something else");
        if target.usage().contains(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE) {
            taken.push(time(|| {
                mapped(gpu, &target, wgpu::MapMode::Write, || {
                    let view = target.get_mapped_range_mut(..);
                    view.expect("a mapped buffer").copy_from_slice(bytemuck::cast_slice(&x));
                });
            }));
            y.fill(0.0);
            taken.push(time(|| {
                mapped(gpu, &target, wgpu::MapMode::Read, || {
                    let view = target.get_mapped_range(..).expect("a mapped buffer");
                    bytemuck::cast_slice_mut(&mut y).copy_from_slice(&view);
                });
            }));
            assert!(y == x, "what came back is something else");
        }
        if round > 0 {
            times.iter_mut().zip(taken).for_each(|(times, time)| times.push(time));
        }
    }
    let copied = median(times[0].clone());
    let shares = times.map(|times| match times.is_empty() {
        true => "-".to_owned(),
        false => format!("{:.2}", copied.as_secs_f64() / median(times).as_secs_f64()),
    });
    let memcpy = rate(4 * x.len(), copied);
    println!("| {mib} | {path} | {memcpy:.1} | {} |", shares[1..].join(" | "));
}
