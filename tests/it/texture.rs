//! Textures: every activation on every format, at every edge, with a renderer's calls.

use std::sync::OnceLock;

use testkit::inputs::data;
use testkit::stored;
use wgpu::{TextureFormat as Format, TextureUsages as Usage};
use wgpu_relu::half::f16;
use wgpu_relu::{Activation, Element, ElementType, Error, Gpu, GpuRelu, Operand, reference};

use crate::errors::{watch, watched};
use crate::harness::compare_values;
use crate::{device_on, device_with, gpu, instance, own_device, random_words};

const SIZES: [[u32; 2]; 6] = [[1, 1], [3, 5], [8, 8], [9, 33], [257, 129], [64, 2]];

/// A number that no activation computes by chance.
const CANARY: f32 = -123.0;

fn descriptor(format: Format, [width, height]: [u32; 2]) -> wgpu::TextureDescriptor<'static> {
    wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: Usage::TEXTURE_BINDING | Usage::STORAGE_BINDING | Usage::COPY_SRC | Usage::COPY_DST,
        view_formats: &[],
    }
}

/// A texture of `values`, the channels of a texel beside each other.
fn upload<T: bytemuck::Pod>(
    gpu: &Gpu,
    format: Format,
    size: [u32; 2],
    values: &[T],
) -> wgpu::Texture {
    let texture = gpu.device().create_texture(&descriptor(format, size));
    write(gpu, &texture, values);
    texture
}

/// The same, with only the usages that an input needs.
fn input<T: bytemuck::Pod>(
    gpu: &Gpu,
    format: Format,
    size: [u32; 2],
    values: &[T],
) -> wgpu::Texture {
    let usage = Usage::TEXTURE_BINDING | Usage::COPY_DST;
    let descriptor = wgpu::TextureDescriptor { usage, ..descriptor(format, size) };
    let texture = gpu.device().create_texture(&descriptor);
    write(gpu, &texture, values);
    texture
}

fn write<T: bytemuck::Pod>(gpu: &Gpu, texture: &wgpu::Texture, values: &[T]) {
    let row = texture.width() * texture.format().block_copy_size(None).unwrap();
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    let values = bytemuck::cast_slice(values);
    gpu.queue().write_texture(texture.as_image_copy(), values, layout, texture.size());
}

/// The channels of every texel.
fn download<T: Element>(gpu: &Gpu, texture: &wgpu::Texture) -> Vec<T> {
    let row = texture.width() * texture.format().block_copy_size(None).unwrap();
    let pitch = row.next_multiple_of(256);
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(pitch * texture.height()),
        usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None };
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let to = wgpu::TexelCopyBufferInfo { buffer: &buffer, layout };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), to, texture.size());
    gpu.queue().submit([encoder.finish()]);
    let values: Vec<T> = gpu.download_elements(&buffer).unwrap();
    let (row, pitch) = (row as usize / size_of::<T>(), pitch as usize / size_of::<T>());
    values.chunks_exact(pitch).flat_map(|values| &values[..row]).copied().collect()
}

fn count(format: Format, [width, height]: [u32; 2]) -> usize {
    (width * height) as usize * usize::from(format.components())
}

/// The comparison of the harness, except for payloads of NaNs, which textures may change.
fn check<X: Element, Y: Element>(
    gpu: &Gpu,
    activation: Activation,
    x: &[X],
    y: &[Y],
) -> Result<(), String> {
    let x: Vec<f32> = x.iter().map(|x| x.to_f32()).collect();
    let expected = reference::forward(activation, &x);
    let mut y = y.to_vec();
    if Y::TYPE == ElementType::F16 && !keeps_infinity() {
        for (y, expected) in y.iter_mut().zip(&expected) {
            let rounded = Y::from_f32(*expected);
            if rounded.to_f32().is_infinite() && y.to_f32().is_nan() {
                *y = rounded;
            }
        }
    }
    let y = stored::nearest(&expected, &y);
    compare_values(gpu, activation, &x, &y).map(|_| ())
}

/// Whether the driver's own stores to rgba16float keep infinity: SwiftShader makes NaN of it, and either sets a bit
/// of the next channel.
fn keeps_infinity() -> bool {
    const STORE: &str = "
        @group(0) @binding(0) var y: texture_storage_2d<rgba16float, write>;
        @compute @workgroup_size(1)
        fn main(@builtin(num_workgroups) one: vec3<u32>) {
            textureStore(y, vec2<u32>(0u), vec4<f32>(bitcast<f32>(0x7f7fffffu + one.x)));
        }";
    static KEEPS: OnceLock<bool> = OnceLock::new();
    *KEEPS.get_or_init(|| {
        let device = gpu().device();
        let source = wgpu::ShaderSource::Wgsl(STORE.into());
        let module =
            device.create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: None,
            compilation_options: Default::default(),
            cache: None,
        });
        let y = device.create_texture(&descriptor(Format::Rgba16Float, [1, 1]));
        let view = y.create_view(&Default::default());
        let resource = wgpu::BindingResource::TextureView(&view);
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry { binding: 0, resource }],
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bind_group, &[]);
            pass.dispatch_workgroups(1, 1, 1);
        }
        gpu().queue().submit([encoder.finish()]);
        download::<f16>(gpu(), &y)[0] == f16::INFINITY
    })
}

/// From one texture to another, with values that are stored without rounding.
fn examine<X: Element, Y: Element>(
    gpu: &Gpu,
    activation: Activation,
    formats: [Format; 2],
    size: [u32; 2],
    x: &[X],
) -> Result<(), String> {
    let operator = GpuRelu::with_activation(gpu, activation).unwrap();
    let from = input(gpu, formats[0], size, x);
    let to = upload(gpu, formats[1], size, &vec![Y::from_f32(CANARY); x.len()]);
    let outcome = operator.apply_texture(&from, &to).map_err(|error| error.to_string());
    outcome
        .and_then(|()| check(gpu, activation, x, &download::<Y>(gpu, &to)))
        .map_err(|error| format!("{activation}, {formats:?}, {size:?}: {error}"))
}

fn stored<T: Element>(activation: Activation, length: usize, seed: u64) -> Vec<T> {
    data(activation, length, seed).into_iter().map(T::from_f32).collect()
}

fn examine_sizes<X: Element, Y: Element>(gpu: &Gpu, formats: [Format; 2], sizes: &[[u32; 2]]) {
    for &activation in Activation::ALL {
        for (seed, &size) in (0..).zip(sizes) {
            let mut x = stored::<X>(activation, count(formats[0], size), seed);
            // If a driver changes the channel beside an infinity or NaN, only `every_half` tests these.
            if Y::TYPE == ElementType::F16 && !keeps_infinity() {
                let y = |x: &X| reference::value(activation, x.to_f32()) as f32;
                x.iter_mut()
                    .filter(|x| !Y::from_f32(y(x)).to_f32().is_finite())
                    .for_each(|x| *x = X::from_f32(-1.5));
            }
            examine::<X, Y>(gpu, activation, formats, size, &x).unwrap();
        }
    }
}

#[test]
fn every_activation_format_and_edge() {
    examine_sizes::<f16, f16>(gpu(), [Format::Rgba16Float; 2], &SIZES);
    examine_sizes::<f32, f32>(gpu(), [Format::Rgba32Float; 2], &SIZES);
    examine_sizes::<f32, f32>(gpu(), [Format::R32Float; 2], &SIZES);
}

#[test]
fn from_one_format_to_another() {
    examine_sizes::<f32, f16>(gpu(), [Format::Rgba32Float, Format::Rgba16Float], &SIZES);
    examine_sizes::<f16, f32>(gpu(), [Format::Rgba16Float, Format::Rgba32Float], &SIZES);
    examine_sizes::<f16, f32>(gpu(), [Format::R16Float, Format::R32Float], &SIZES);
}

/// All patterns of bits are the channels of 128 x 128 texels.
#[test]
fn every_half() {
    let x: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
    for &activation in Activation::ALL {
        let formats = [Format::Rgba16Float; 2];
        examine::<f16, f16>(gpu(), activation, formats, [128, 128], &x).unwrap();
    }
}

/// f16 numbers, the middle between two of them, and the f32 beside the middle, for any rounding of the device.
#[test]
fn halves_are_rounded_to_nearest() {
    let half = |bits: u16| match f16::from_bits(bits).to_f32() {
        infinite if infinite.is_infinite() => 65_536.0,
        half => half,
    };
    let between = |bits: u16| {
        let middle = half(bits).midpoint(half(bits + 1));
        [half(bits), middle.next_down(), middle, middle.next_up()]
    };
    let x: Vec<f32> = (0..0x7c00).flat_map(between).collect();
    let size = [256, x.len() as u32 / 4 / 256];
    let from = upload(gpu(), Format::Rgba32Float, size, &x);
    let to = gpu().device().create_texture(&descriptor(Format::Rgba16Float, size));
    GpuRelu::new(gpu()).apply_texture(&from, &to).unwrap();
    for (x, y) in x.iter().zip(download::<f16>(gpu(), &to)) {
        let expected = f16::from_f32(*x);
        let lost = expected.is_infinite() && y.is_nan() && !keeps_infinity();
        assert!(y == expected || lost, "{x:e}: {y}, not {expected}");
    }
}

#[test]
fn r32float_in_place() {
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        for (seed, size) in (0..).zip(SIZES) {
            let x = data(activation, count(Format::R32Float, size), seed);
            let texture = upload(gpu(), Format::R32Float, size, &x);
            operator.apply_texture_in_place(&texture).unwrap();
            let y: Vec<f32> = download(gpu(), &texture);
            check(gpu(), activation, &x, &y)
                .unwrap_or_else(|error| panic!("{activation}, {size:?}: {error}"));
        }
    }
}

/// Other formats need a feature and an adapter that supports it. The result is right, or the error names the missing
/// part.
#[test]
fn other_formats_in_place_where_the_device_can() {
    let specific = wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES;
    let (device, queue) = device_with(&instance(), specific, |_| ());
    let able = Gpu::from_device(&device, &queue);
    for format in [Format::Rgba16Float, Format::Rgba32Float] {
        let (size, relu) = ([9, 5], Activation::Relu);
        let count = count(format, size);
        let x: Vec<f32> = (0..count).map(|i| i as f32 - 90.0).collect();
        let y: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
        let halves: Vec<f16> = x.iter().map(|&x| f16::from_f32(x)).collect();
        let upload = |gpu: &Gpu| match format {
            Format::Rgba16Float => upload(gpu, format, size, &halves),
            _ => upload(gpu, format, size, &x),
        };
        let read = |gpu: &Gpu, texture: &wgpu::Texture| match format {
            Format::Rgba16Float => {
                download::<f16>(gpu, texture).into_iter().map(f16::to_f32).collect()
            }
            _ => download::<f32>(gpu, texture),
        };
        let texture = upload(gpu());
        let error = GpuRelu::new(gpu()).apply_texture_in_place(&texture).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::TextureAccess { .. }), "{text}");
        assert!(
            text.contains("read and write at once") && text.contains("ADAPTER_SPECIFIC"),
            "{text}"
        );
        assert_eq!(read(gpu(), &texture), x, "nothing is written");

        let texture = upload(&able);
        let operator = GpuRelu::with_activation(&able, relu).unwrap();
        match operator.apply_texture_in_place(&texture) {
            Ok(()) => {
                println!("{format:?}: in place");
                assert_eq!(read(&able, &texture), y);
            }
            Err(error) => {
                println!("{error}");
                assert!(matches!(error, Error::TextureAccess { .. }), "{error}");
                assert_eq!(read(&able, &texture), x, "nothing is written");
            }
        }
    }
}

#[test]
fn more_workgroups_than_one_dimension_takes() {
    let (device, queue) = own_device(|limits| limits.max_compute_workgroups_per_dimension = 3);
    let gpu = Gpu::from_device(&device, &queue);
    let sizes = [[25, 97], [24, 96], [100, 3], [3, 400], [129, 257]];
    examine_sizes::<f32, f32>(&gpu, [Format::Rgba32Float; 2], &sizes);
    examine_sizes::<f16, f16>(&gpu, [Format::Rgba16Float; 2], &sizes);
}

#[test]
fn the_longest_textures() {
    let most = gpu().device().limits().max_texture_dimension_2d;
    for size in [[most, 1], [1, most], [most, 3]] {
        for format in [Format::R32Float, Format::Rgba32Float] {
            let x = stored(Activation::Relu, count(format, size), most.into());
            examine::<f32, f32>(gpu(), Activation::Relu, [format; 2], size, &x).unwrap();
        }
    }
}

/// Normalised integers, which render targets often have.
#[test]
fn from_normalised_integers() {
    let size = [7, 3];
    let mut random = random_words(3);
    let mut bytes: Vec<u8> = (0..84).map(|_| random() as u8).collect();
    bytes[..2].copy_from_slice(&[0, 255]);
    let elu = GpuRelu::with_activation(gpu(), Activation::Elu { alpha: 1.0 }).unwrap();
    let [signed, unsigned] =
        [Format::Rgba8Snorm, Format::Rgba8Unorm].map(|format| input(gpu(), format, size, &bytes));
    let y = gpu().device().create_texture(&descriptor(Format::Rgba32Float, size));
    for (x, value) in [
        (signed, (|byte| (f32::from(byte as i8) / 127.0).max(-1.0)) as fn(u8) -> f32),
        (unsigned, |byte| f32::from(byte) / 255.0),
    ] {
        elu.apply_texture(&x, &y).unwrap();
        for (&byte, y) in bytes.iter().zip(download::<f32>(gpu(), &y)) {
            let expected = reference::value(elu.activation(), value(byte));
            assert!((f64::from(y) - expected).abs() < 1e-6, "{byte}: {y}, not {expected}");
        }
    }
}

#[test]
fn alpha_stays_where_it_shall() {
    let size = [5, 9];
    let x: Vec<f16> = (0..180).map(|i| f16::from_f32(i as f32 / 4.0 - 30.0)).collect();
    let negate = Activation::LeakyRelu { negative_slope: -1.0 };
    let operator = GpuRelu::with_activation(gpu(), negate).unwrap().keeping_alpha();
    let from = upload(gpu(), Format::Rgba16Float, size, &x);
    let to = gpu().device().create_texture(&descriptor(Format::Rgba16Float, size));
    operator.apply_texture(&from, &to).unwrap();
    let y: Vec<f16> = download(gpu(), &to);
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        let expected = if i % 4 == 3 { x.to_f32() } else { x.to_f32().abs() };
        assert_eq!(y.to_f32(), expected, "channel {i}");
    }
    // A texture without alpha has no alpha to keep.
    let single = upload(gpu(), Format::R32Float, [2, 1], &[-1.0f32, 2.0]);
    operator.apply_texture_in_place(&single).unwrap();
    assert_eq!(download::<f32>(gpu(), &single), [1.0, 2.0]);
}

/// The caller's device, encoder, pass and submit: texture to texture, then in place, then a buffer.
#[test]
fn a_frame_records_them_between_others() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let leaky = |negative_slope| Activation::LeakyRelu { negative_slope };
    let size = [19, 23];
    let x: Vec<f32> = (0..437).map(|i| i as f32 - 218.0).collect();
    let from = upload(&gpu, Format::R32Float, size, &x);
    let to = upload(&gpu, Format::R32Float, size, &vec![CANARY; 437]);
    let buffer = gpu.upload(&x).unwrap();
    let operator = GpuRelu::with_activation(&gpu, leaky(0.5)).unwrap();
    let first = operator.prepare_texture(&from, &to).unwrap();
    let second = operator.prepare_texture(&to, &to).unwrap();
    let other = operator.prepare(&buffer, &buffer).unwrap();
    let objects = || {
        let counters = device.get_internal_counters().hal;
        [
            counters.bind_groups.read(),
            counters.texture_views.read(),
            counters.compute_pipelines.read(),
            counters.buffers.read(),
        ]
    };
    for slope in [0.5, -2.0, 0.25] {
        for step in [&first, &second] {
            step.set_activation(leaky(slope)).unwrap();
        }
        let mut encoder = device.create_command_encoder(&Default::default());
        let before = objects();
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            first.record(&mut pass);
            other.record(&mut pass);
            second.record(&mut pass);
        }
        assert_eq!(objects(), before);
        queue.submit([encoder.finish()]);
        let once = reference::forward(leaky(slope), &x);
        assert_eq!(download::<f32>(&gpu, &to), reference::forward(leaky(slope), &once));
        assert_eq!(download::<f32>(&gpu, &from), x, "x is only read");
    }
    let wrong = first.set_activation(Activation::Relu).unwrap_err();
    assert!(wrong.to_string().contains("prepared for something else"), "{wrong}");
}

/// With textures that do not fit, both calls give the same error and write nothing.
fn refused(gpu: &Gpu, x: &wgpu::Texture, y: &wgpu::Texture) -> Error {
    let relu = GpuRelu::new(gpu);
    let error = relu.prepare_texture(x, y).map(|_| ()).unwrap_err();
    assert_eq!(relu.apply_texture(x, y).unwrap_err(), error);
    error
}

#[test]
fn textures_that_do_not_fit() {
    let (gpu, uncaptured) = watched();
    let size = [4, 4];
    let make = |format, change: fn(&mut wgpu::TextureDescriptor<'_>)| {
        let mut descriptor = descriptor(format, size);
        change(&mut descriptor);
        gpu.device().create_texture(&descriptor)
    };
    let x = upload(&gpu, Format::Rgba16Float, size, &[f16::ONE; 64]);
    let canaries = [f16::from_f32(CANARY); 64];
    let y = upload(&gpu, Format::Rgba16Float, size, &canaries);

    let single = make(Format::R32Float, |_| ());
    let integers = make(Format::Rgba32Uint, |_| ());
    let depth = make(Format::Depth32Float, |d| d.usage = Usage::TEXTURE_BINDING);
    for bad in [&single, &integers, &depth] {
        let error = refused(&gpu, bad, &y);
        assert!(matches!(error, Error::TextureFormat { operand: Operand::X, .. }), "{error}");
    }
    let bytes = make(Format::Rgba8Unorm, |_| ());
    for bad in [&bytes, &integers] {
        let error = refused(&gpu, &x, bad);
        assert!(matches!(error, Error::TextureFormat { operand: Operand::Y, .. }), "{error}");
    }
    assert_eq!(
        refused(&gpu, &x, &bytes).to_string(),
        "y is a texture of Rgba8Unorm, but must be rgba16float, rgba32float or r32float; convert it, or create it so"
    );

    let format = Format::Rgba16Float;
    for (property, bad) in [
        ("mip levels", make(format, |d| d.mip_level_count = 2)),
        ("layers", make(format, |d| d.size.depth_or_array_layers = 2)),
        ("dimensions", make(format, |d| d.dimension = wgpu::TextureDimension::D3)),
    ] {
        for (operand, error) in
            [(Operand::X, refused(&gpu, &bad, &y)), (Operand::Y, refused(&gpu, &x, &bad))]
        {
            let Error::TextureShape { operand: found, property: named, .. } = error else {
                panic!("{property}: {error}")
            };
            assert_eq!((found, named), (operand, property));
        }
    }
    let sampled = make(format, |d| {
        d.sample_count = 4;
        d.usage = Usage::TEXTURE_BINDING | Usage::RENDER_ATTACHMENT;
    });
    let error = refused(&gpu, &sampled, &y);
    assert!(matches!(error, Error::TextureShape { property: "samples", found: 4, .. }), "{error}");

    let other = gpu.device().create_texture(&descriptor(format, [4, 5]));
    let expected = Error::TextureSize {
        operand: Operand::Y,
        size: [4, 5],
        reference: Operand::X,
        expected: [4, 4],
    };
    assert_eq!(refused(&gpu, &x, &other), expected);

    let copied = make(format, |d| d.usage = Usage::COPY_SRC | Usage::COPY_DST);
    for (needed, error) in [
        ("TEXTURE_BINDING", refused(&gpu, &copied, &y)),
        ("STORAGE_BINDING", refused(&gpu, &x, &copied)),
    ] {
        assert!(matches!(error, Error::MissingTextureUsage { .. }), "{error}");
        assert!(error.to_string().contains(needed), "{error}");
    }
    let only_read = make(Format::R32Float, |d| d.usage = Usage::TEXTURE_BINDING);
    let error = GpuRelu::new(&gpu).apply_texture_in_place(&only_read).unwrap_err();
    assert!(matches!(error, Error::MissingTextureUsage { .. }), "{error}");

    let rrelu = GpuRelu::with_activation(&gpu, "rrelu".parse().unwrap()).unwrap();
    let drawn = rrelu.in_training(Default::default()).unwrap();
    let error = drawn.apply_texture(&x, &y).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");

    let destroyed = make(format, |_| ());
    destroyed.destroy();
    for (operand, error) in [
        ("x", GpuRelu::new(&gpu).apply_texture(&destroyed, &y).unwrap_err()),
        ("y", GpuRelu::new(&gpu).apply_texture(&x, &destroyed).unwrap_err()),
    ] {
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains(&format!(": {operand}: ")), "{operand}: {error}");
    }
    assert_eq!(download::<f16>(&gpu, &y), canaries, "nothing is written");
    assert_eq!(uncaptured.load(std::sync::atomic::Ordering::Relaxed), 0);
}

/// Reliability 7.
#[test]
fn textures_of_another_device() {
    let instance = instance();
    let (gpu, uncaptured) = watch(device_on(&instance, |_| ()));
    let (other, uncaptured_there) = watch(device_on(&instance, |_| ()));
    let texture = |gpu: &Gpu| gpu.device().create_texture(&descriptor(Format::R32Float, [2, 2]));
    let (own, foreign) = (texture(&gpu), texture(&other));
    for (operand, error) in [
        ("y", refused(&gpu, &own, &foreign)),
        ("x", refused(&gpu, &foreign, &own)),
        ("y", refused(&gpu, &foreign, &foreign)),
    ] {
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains(&format!(": {operand}: ")), "{operand}: {error}");
    }
    for count in [uncaptured, uncaptured_there] {
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}

#[test]
fn limits_that_are_too_small_are_named() {
    for (name, change) in [
        (
            "max_storage_textures_per_shader_stage",
            (|limits| limits.max_storage_textures_per_shader_stage = 0) as fn(&mut wgpu::Limits),
        ),
        ("max_compute_invocations_per_workgroup", |limits| {
            limits.max_compute_invocations_per_workgroup = 32;
        }),
    ] {
        let (device, queue) = own_device(change);
        let gpu = Gpu::from_device(&device, &queue);
        let [x, y] =
            [0; 2].map(|_| gpu.device().create_texture(&descriptor(Format::R32Float, [2, 2])));
        let error = refused(&gpu, &x, &y);
        assert!(matches!(error, Error::Limit { limit, .. } if limit == name), "{error}");
    }
}

#[test]
fn on_a_lost_device() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let [x, y] = [0; 2].map(|_| device.create_texture(&descriptor(Format::R32Float, [2, 2])));
    device.destroy();
    let error = refused(&gpu, &x, &y);
    assert!(matches!(error, Error::DeviceLost { .. }), "{error}");
}
