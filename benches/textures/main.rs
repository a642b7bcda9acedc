//! What an activation on textures costs beside `copy_texture_to_texture` between the same textures, in
//! alternating rounds of one run. Every result is verified.
//!
//! ```sh
//! cargo bench --bench textures
//! ```

use std::time::Instant;

use wgpu_relu::{Gpu, GpuRelu, Prepared};

const ROUNDS: usize = 15;

/// Runs that share a submit, whose cost is not theirs.
const BATCH: u32 = 4;

/// Width and height.
const SIDE: u32 = 1024;

const FORMATS: [(wgpu::TextureFormat, u32); 3] = [
    (wgpu::TextureFormat::Rgba16Float, 8),
    (wgpu::TextureFormat::Rgba32Float, 16),
    (wgpu::TextureFormat::R32Float, 4),
];

/// A row of the table: none is the copy.
struct Row {
    name: &'static str,
    step: Option<Prepared>,
}

fn main() {
    // `cargo test --all-targets` only wants to know that it builds.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let gpu = Gpu::new().expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
    let info = gpu.adapter_info();
    println!("# {} ({:?}, {})", info.name, info.backend, info.driver_info);
    println!("\n{SIDE} x {SIDE} texels\n");
    println!("| format | | GB/s | of the copy's rate |");
    println!("| --- | --- | --- | --- |");
    for (format, bytes) in FORMATS {
        measure(&gpu, format, bytes);
    }
}

fn measure(gpu: &Gpu, format: wgpu::TextureFormat, bytes: u32) {
    let texture = || {
        use wgpu::TextureUsages as Usage;
        gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: Usage::TEXTURE_BINDING
                | Usage::STORAGE_BINDING
                | Usage::COPY_SRC
                | Usage::COPY_DST,
            view_formats: &[],
        })
    };
    let (x, y) = (texture(), texture());
    // Of 16-bit words that are negative and positive numbers of either type, and their relu.
    let words: Vec<u32> = (0..SIDE * SIDE * bytes / 4)
        .map(|i| if i % 3 == 0 { 0xbf80_bf80 } else { 0x4080_4080 })
        .collect();
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(SIDE * bytes),
        rows_per_image: None,
    };
    gpu.queue().write_texture(x.as_image_copy(), bytemuck::cast_slice(&words), layout, x.size());

    let relu = GpuRelu::new(gpu);
    let gelu =
        GpuRelu::with_activation(gpu, "gelu".parse().expect("a name")).expect("its defaults");
    let prepared =
        |operator: &GpuRelu, x, y| Some(operator.prepare_texture(x, y).expect("they fit"));
    let mut rows = vec![
        Row { name: "copy", step: None },
        Row { name: "gelu", step: prepared(&gelu, &x, &y) },
        Row { name: "relu", step: prepared(&relu, &x, &y) },
    ];
    if format == wgpu::TextureFormat::R32Float {
        rows.push(Row { name: "relu in place", step: prepared(&relu, &y, &y) });
    }
    let mut samples = vec![Vec::new(); rows.len()];
    // The first round compiles and warms up.
    for round in 0..=ROUNDS {
        for (row, samples) in rows.iter().zip(&mut samples) {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            for _ in 0..BATCH {
                match &row.step {
                    None => encoder.copy_texture_to_texture(
                        x.as_image_copy(),
                        y.as_image_copy(),
                        x.size(),
                    ),
                    Some(step) => step.record(&mut encoder.begin_compute_pass(&Default::default())),
                }
            }
            let start = Instant::now();
            gpu.queue().submit([encoder.finish()]);
            gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("the device is there");
            if round > 0 {
                samples.push(start.elapsed().as_secs_f64() / f64::from(BATCH));
            }
        }
    }
    let medians: Vec<f64> = samples
        .into_iter()
        .map(|mut samples| {
            samples.sort_by(f64::total_cmp);
            samples[samples.len() / 2]
        })
        .collect();
    verify(gpu, &y, &words, bytes);
    for (row, seconds) in rows.iter().zip(&medians) {
        let rate = 2.0 * f64::from(bytes) * f64::from(SIDE).powi(2) / seconds / 1e9;
        println!("| {format:?} | {} | {rate:.1} | {:.3} |", row.name, medians[0] / seconds);
    }
}

/// y is relu's, which ran last.
fn verify(gpu: &Gpu, y: &wgpu::Texture, x: &[u32], bytes: u32) {
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * x.len() as u64,
        usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(SIDE * bytes),
        rows_per_image: None,
    };
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let to = wgpu::TexelCopyBufferInfo { buffer: &buffer, layout };
    encoder.copy_texture_to_buffer(y.as_image_copy(), to, y.size());
    gpu.queue().submit([encoder.finish()]);
    for (i, (x, y)) in x.iter().zip(gpu.download(&buffer).expect("a result")).enumerate() {
        let expected = if x >> 31 == 1 { 0 } else { *x };
        assert_eq!(y.to_bits(), expected, "word {i} of {x:#x}");
    }
}
