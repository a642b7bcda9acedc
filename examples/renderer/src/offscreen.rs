//! Draws a picture without a window.

use std::io::Write;
use std::path::Path;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::renderer::Renderer;
use crate::view::View;

/// A texture to draw into, which can be read back.
pub(crate) struct Offscreen {
    device: Device,
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    read: wgpu::Buffer,
    /// Bytes from one row to the next in `read`.
    pitch: u32,
}

impl Offscreen {
    /// The format of pictures in files: encoded values as they are.
    pub(crate) const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

    pub(crate) fn new(device: &Device, size: [u32; 2], format: wgpu::TextureFormat) -> Self {
        let texture = device.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("renderer offscreen"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let pitch = (4 * size[0]).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let read = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("renderer read back"),
            size: u64::from(pitch) * u64::from(size[1]),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Offscreen { device: device.clone(), texture, view, read, pitch }
    }

    /// Draws a frame, as the window does: one encoder, one submit, no waiting.
    pub(crate) fn draw(&self, renderer: &mut Renderer, view: View) -> Result<()> {
        let descriptor = wgpu::CommandEncoderDescriptor { label: Some("renderer frame") };
        let mut encoder = self.device.device.create_command_encoder(&descriptor);
        renderer.record(&mut encoder, view, &self.view)?;
        self.device.queue.submit([encoder.finish()]);
        renderer.submitted();
        self.device.check()
    }

    /// Waits until all is drawn, and timestamps have come.
    pub(crate) fn wait(&self) -> Result<()> {
        self.device.poll(wgpu::PollType::wait_indefinitely())
    }

    /// The pixels, 4 bytes each, row by row.
    pub(crate) fn pixels(&self) -> Result<Vec<u8>> {
        let Self { device, texture, read, pitch, .. } = self;
        let mut encoder = device.device.create_command_encoder(&Default::default());
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: read,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(*pitch),
                    rows_per_image: None,
                },
            },
            texture.size(),
        );
        device.queue.submit([encoder.finish()]);
        read.map_async(wgpu::MapMode::Read, .., |_| ());
        self.wait()?;
        let range = read.get_mapped_range(..);
        let range = range.map_err(|error| Error::Refused { reason: error.to_string() })?;
        let rows = range.chunks_exact(*pitch as usize);
        let pixels = rows.flat_map(|row| &row[..4 * texture.width() as usize]).copied().collect();
        drop(range);
        read.unmap();
        Ok(pixels)
    }
}

/// Writes a `.png` file completely or not at all, first under a temporary name.
pub(crate) fn write(path: &Path, size: [u32; 2], pixels: &[u8]) -> Result<()> {
    let told = |reason: &dyn std::fmt::Display| Error::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let bytes = encoded(size, pixels).map_err(|error| told(&error))?;
    // Renaming a file over a device, for example, would destroy the device.
    if path.exists() && !path.is_file() {
        return Err(told(&"is there, and is no file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file =
        builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(|error| told(&error))?;
    file.write_all(&bytes).map_err(|error| told(&error))?;
    file.persist(path).map(drop).map_err(|error| told(&error.error))
}

/// As RGB: the picture is opaque.
fn encoded(size: [u32; 2], pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    let rgb: Vec<u8> = pixels.chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}
