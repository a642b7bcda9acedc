//! Measures activations on textures beside `copy_texture_to_texture` between the same textures, and beside a kernel
//! that only moves texels, in alternating rounds of one run. The last result of each format is verified.
//!
//! ```sh
//! cargo bench --bench textures
//! ```

use std::time::Instant;

use wgpu_relu::{Gpu, GpuRelu};

const ROUNDS: usize = 31;

/// Runs per submit. They share its cost, which would hide theirs.
const BATCH: u32 = 2;

/// Width and height.
const SIDE: u32 = 1024;

/// The formats, with their names in WGSL and their bytes per texel.
const FORMATS: [(wgpu::TextureFormat, &str, u32); 3] = [
    (wgpu::TextureFormat::Rgba16Float, "rgba16float", 8),
    (wgpu::TextureFormat::Rgba32Float, "rgba32float", 16),
    (wgpu::TextureFormat::R32Float, "r32float", 4),
];

/// An operation to time: its name, and how it is recorded.
type Row<'a> = (&'static str, Box<dyn Fn(&mut wgpu::CommandEncoder) + 'a>);

fn main() {
    // `cargo test --all-targets` runs this without `--bench`, to see that it builds.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let gpu = Gpu::new().expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
    let info = gpu.adapter_info();
    println!("# {} ({:?}, {})", info.name, info.backend, info.driver_info);
    println!("\n{SIDE} x {SIDE} texels\n");
    println!("| format | | GB/s | of the copy's rate | time over the moves' |");
    println!("| --- | --- | --- | --- | --- |");
    for (format, name, bytes) in FORMATS {
        measure(&gpu, format, name, bytes);
    }
}

fn measure(gpu: &Gpu, format: wgpu::TextureFormat, format_name: &str, bytes: u32) {
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
    let operator = |operator: &GpuRelu, x, y| {
        let step = operator.prepare_texture(x, y).expect("they fit");
        Box::new(move |encoder: &mut wgpu::CommandEncoder| {
            step.record(&mut encoder.begin_compute_pass(&Default::default()));
        })
    };
    let (from, to, size) = (x.as_image_copy(), y.as_image_copy(), x.size());
    let mut rows: Vec<Row<'_>> = vec![
        ("copy", Box::new(move |encoder| encoder.copy_texture_to_texture(from, to, size))),
        ("moves", moves(gpu, format_name, &x, &y)),
        ("gelu", operator(&gelu, &x, &y)),
        ("relu", operator(&relu, &x, &y)),
    ];
    if format == wgpu::TextureFormat::R32Float {
        rows.push(("relu in place", operator(&relu, &y, &y)));
    }
    let mut samples = vec![Vec::new(); rows.len()];
    // The first round compiles and warms up.
    for round in 0..=ROUNDS {
        for ((_, record), samples) in rows.iter().zip(&mut samples) {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            (0..BATCH).for_each(|_| record(&mut encoder));
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
    for ((name, _), seconds) in rows.iter().zip(&medians) {
        let rate = 2.0 * f64::from(bytes) * f64::from(SIDE).powi(2) / seconds / 1e9;
        let [of_copy, over_moves] = [medians[0] / seconds, seconds / medians[1]];
        println!("| {format_name} | {name} | {rate:.1} | {of_copy:.3} | {over_moves:.2} |");
    }
}

/// A kernel that only loads and stores, in the same way as the crate's kernels.
fn moves(
    gpu: &Gpu,
    format: &str,
    x: &wgpu::Texture,
    y: &wgpu::Texture,
) -> Box<dyn Fn(&mut wgpu::CommandEncoder)> {
    let source = format!(
        "@group(0) @binding(0) var x: texture_2d<f32>;
        @group(0) @binding(1) var y: texture_storage_2d<{format}, write>;
        @compute @workgroup_size(8, 8)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
            textureStore(y, id.xy, textureLoad(x, id.xy, 0));
        }}"
    );
    let device = gpu.device();
    let source = wgpu::ShaderSource::Wgsl(source.into());
    let descriptor = wgpu::ShaderModuleDescriptor { label: None, source };
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &device.create_shader_module(descriptor),
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let views = [x, y].map(|texture| texture.create_view(&Default::default()));
    let entry = |binding: usize| wgpu::BindGroupEntry {
        binding: binding as u32,
        resource: wgpu::BindingResource::TextureView(&views[binding]),
    };
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[entry(0), entry(1)],
    });
    Box::new(move |encoder| {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(SIDE / 8, SIDE / 8, 1);
    })
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
