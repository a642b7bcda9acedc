//! Textures, of every format that WebGPU can store to.

use testkit::compare;
use testkit::inputs::data;
use testkit::stored::{nearest, widened};
use wgpu_relu::half::f16;
use wgpu_relu::wgpu::{TextureFormat as Format, TextureUsages as Usage};
use wgpu_relu::{Activation, Element, Error, Gpu, GpuRelu, reference, wgpu};

use crate::device::Device;
use crate::{Outcome, hold};

const SIZE: [u32; 2] = [33, 9];

/// From one texture to another, and in place, if the device can, or refused.
pub(crate) async fn formats(device: &Device) -> Outcome {
    let gpu = &device.gpu;
    for activation in [Activation::Relu, Activation::Gelu, Activation::Elu { alpha: 0.5 }] {
        for format in [Format::R32Float, Format::Rgba32Float] {
            let values = data(activation, texels(format), 1);
            of_format(device, activation, format, &values).await?;
        }
        // SwiftShader stores infinity as NaN in this format, and changes a bit of the channel after either.
        let format = Format::Rgba16Float;
        let tame = |x: f32| f16::from_f32(if x.abs() < 1e4 { x } else { 1.5 });
        let values = data(activation, texels(format), 1).into_iter().map(tame);
        of_format(device, activation, format, &values.collect::<Vec<_>>()).await?;
    }
    let relu = GpuRelu::new(gpu);
    let values = data(Activation::Relu, texels(Format::R32Float), 2);
    let [single, other] = [0; 2].map(|_| texture(gpu, Format::R32Float, SIZE));
    write(gpu, &single, &values);
    relu.apply_texture(&single, &other)?;
    relu.apply_texture_in_place(&single)?;
    let found: [Vec<f32>; 2] = [download(gpu, &single).await?, download(gpu, &other).await?];
    let same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
    hold(found[0].iter().zip(&found[1]).all(same), || "in place it is another result".to_owned())?;

    for format in [Format::Rgba32Float, Format::Rgba16Float] {
        let refused = relu.apply_texture_in_place(&texture(gpu, format, SIZE));
        hold(matches!(refused, Err(Error::TextureAccess { .. })), || format!("{refused:?}"))?;
    }
    let refused = relu.apply_texture(&single, &texture(gpu, Format::R32Float, [1, 1]));
    hold(matches!(refused, Err(Error::TextureSize { .. })), || format!("{refused:?}"))?;
    let refused = relu.apply_texture(&single, &texture(gpu, Format::Rgba8Unorm, SIZE));
    hold(matches!(refused, Err(Error::TextureFormat { .. })), || format!("{refused:?}"))
}

async fn of_format<T: Element>(
    device: &Device,
    activation: Activation,
    format: Format,
    values: &[T],
) -> Outcome {
    let gpu = &device.gpu;
    let (x, y) = (texture(gpu, format, SIZE), texture(gpu, format, SIZE));
    write(gpu, &x, values);
    GpuRelu::with_activation(gpu, activation)?.apply_texture(&x, &y)?;
    let found: Vec<T> = download(gpu, &y).await?;
    // A texture may change payloads of NaNs.
    let x = widened(values);
    let found = nearest(&reference::forward(activation, &x), &found);
    compare::values(device.flushes, activation, &x, &found)
        .map_err(|error| format!("{activation}, {format:?}: {error}"))?;
    Ok(())
}

/// The numbers of a texture.
fn texels(format: Format) -> usize {
    SIZE.iter().product::<u32>() as usize * usize::from(format.components())
}

fn texture(gpu: &Gpu, format: Format, [width, height]: [u32; 2]) -> wgpu::Texture {
    let storage =
        if format == Format::Rgba8Unorm { Usage::empty() } else { Usage::STORAGE_BINDING };
    gpu.device().create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: Usage::TEXTURE_BINDING | Usage::COPY_SRC | Usage::COPY_DST | storage,
        view_formats: &[],
    })
}

fn write<T: Element>(gpu: &Gpu, texture: &wgpu::Texture, values: &[T]) {
    let row = texture.width() * texture.format().block_copy_size(None).unwrap_or_default();
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    let values = bytemuck::cast_slice(values);
    gpu.queue().write_texture(texture.as_image_copy(), values, layout, texture.size());
}

/// The channels of every texel.
async fn download<T: Element>(gpu: &Gpu, texture: &wgpu::Texture) -> Outcome<Vec<T>> {
    let row = texture.width() * texture.format().block_copy_size(None).unwrap_or_default();
    let pitch = row.next_multiple_of(256);
    let buffer = gpu.upload(&vec![0.0; (pitch * texture.height()) as usize / 4])?;
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None };
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let to = wgpu::TexelCopyBufferInfo { buffer: &buffer, layout };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), to, texture.size());
    gpu.queue().submit([encoder.finish()]);
    let values: Vec<T> = gpu.download_elements_async(&buffer).await?;
    let (row, pitch) = (row as usize / size_of::<T>(), pitch as usize / size_of::<T>());
    Ok(values.chunks_exact(pitch).flat_map(|values| &values[..row]).copied().collect())
}
