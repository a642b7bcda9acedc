//! Uploads and downloads beside a `memcpy` of the same data.

use std::hint::black_box;

use crate::{Devices, data, median, rate, time};

const ROUNDS: usize = 9;

pub(crate) fn measure(devices: &Devices) {
    println!(
        "\n| MiB | path | memcpy, GB/s | upload | download |\n| --- | --- | --- | --- | --- |"
    );
    for mib in [16, 256] {
        for (path, gpu) in devices.each() {
            let x = data(mib << 18);
            let mut y = vec![1.0f32; x.len()];
            let mut times = [const { Vec::new() }; 3];
            // Taking turns, so that what disturbs one disturbs all.
            for round in 0..=ROUNDS {
                let copied = time(|| black_box(&mut y).copy_from_slice(black_box(&x)));
                let mut buffer = None;
                let uploaded = time(|| buffer = Some(gpu.upload(&x).expect("an upload")));
                let buffer = buffer.expect("a buffer");
                // The device may still be copying; that is the upload's.
                let rest = time(|| {
                    gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("a device");
                });
                y.fill(0.0);
                let downloaded = time(|| gpu.download_into(&buffer, &mut y).expect("a download"));
                assert!(y == x, "what came back is something else");
                // The first round makes the staging buffers.
                if round > 0 {
                    for (times, time) in times.iter_mut().zip([copied, uploaded + rest, downloaded])
                    {
                        times.push(time);
                    }
                }
            }
            let [copied, uploaded, downloaded] = times.map(median);
            let share = |time: std::time::Duration| copied.as_secs_f64() / time.as_secs_f64();
            println!(
                "| {mib} | {path} | {:.1} | {:.2} | {:.2} |",
                rate(4 * x.len(), copied),
                share(uploaded),
                share(downloaded),
            );
        }
    }
}
