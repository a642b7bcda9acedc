//! Draws the window's content into a texture, without a window.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use eframe::egui;
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use wgpu_relu::{Gpu, wgpu};

use crate::panel::Panel;
use crate::{Outcome, plot};

/// egui prefers targets that do not convert its colours.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A device with egui's renderer on it.
pub(crate) struct Offscreen {
    gpu: Gpu,
    context: egui::Context,
    renderer: Renderer,
}

impl Offscreen {
    pub(crate) fn new(panel: &Panel) -> Outcome<Self> {
        let gpu = Gpu::new()?;
        let mut renderer = Renderer::new(gpu.device(), FORMAT, RendererOptions::PREDICTABLE);
        let callbacks = &mut renderer.callback_resources;
        plot::install(callbacks, gpu.device(), gpu.queue(), FORMAT, panel.activation())?;
        Ok(Offscreen { gpu, context: egui::Context::default(), renderer })
    }

    /// Draws one frame as eframe does. Returns the place of the plot, and bytes of red, green, blue and alpha, row by
    /// row.
    pub(crate) fn frame(
        &mut self,
        panel: &mut Panel,
        size: [u32; 2],
    ) -> Outcome<(egui::Rect, Vec<u8>)> {
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let [width, height] = size.map(|side| side as f32);
        let rect = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(width, height));
        let input = egui::RawInput { screen_rect: Some(rect), ..Default::default() };
        let mut plot = egui::Rect::NOTHING;
        let mut output = self.context.run_ui(input, |ui| plot = panel.ui(ui));
        let delta = &mut output.textures_delta;
        for (id, images) in &delta.set {
            for image in images {
                self.renderer.update_texture(device, queue, *id, image);
            }
        }
        let freed = std::mem::take(&mut delta.free);
        delta.clear();
        let pixels_per_point = output.pixels_per_point;
        let shapes = self.context.tessellate(output.shapes, pixels_per_point);
        let screen = ScreenDescriptor { size_in_pixels: size, pixels_per_point };
        let target = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("window"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut commands =
            self.renderer.update_buffers(device, queue, &mut encoder, &shapes, &screen);
        let attachment = wgpu::RenderPassColorAttachment {
            view: &view,
            resolve_target: None,
            ops: wgpu::Operations::default(),
            depth_slice: None,
        };
        let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("egui"),
            color_attachments: &[Some(attachment)],
            ..Default::default()
        });
        self.renderer.render(&mut pass.forget_lifetime(), &shapes, &screen);
        commands.push(encoder.finish());
        queue.submit(commands);
        for id in &freed {
            self.renderer.free_texture(id);
        }
        Ok((plot, read(&self.gpu, &target)?))
    }
}

/// The bytes of a texture's pixels of four bytes.
fn read(gpu: &Gpu, texture: &wgpu::Texture) -> wgpu_relu::Result<Vec<u8>> {
    // A copy's rows begin at multiples of 256 bytes.
    let row = (4 * texture.width()).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let copy = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("window"),
        size: u64::from(row) * u64::from(texture.height()),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo { buffer: &copy, layout },
        texture.size(),
    );
    gpu.queue().submit([encoder.finish()]);
    let words = gpu.download(&copy)?;
    let rows = words.chunks_exact(row as usize / 4);
    let pixels = rows.flat_map(|row| &row[..texture.width() as usize]);
    Ok(pixels.flat_map(|word| word.to_bits().to_le_bytes()).collect())
}

/// Writes the window's content to a file.
pub(crate) fn save(mut panel: Panel, size: [u32; 2], path: &Path) -> Outcome<()> {
    let mut offscreen = Offscreen::new(&panel)?;
    // egui knows the sizes of its parts from the second frame on.
    offscreen.frame(&mut panel, size)?;
    let (_, bytes) = offscreen.frame(&mut panel, size)?;
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = File::create(path).map_err(|error| told(&error))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), size[0], size[1]);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| told(&error))?;
    writer.write_image_data(&bytes).map_err(|error| told(&error))?;
    writer.finish().map_err(|error| told(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use demo::curve::VIEW;
    use wgpu_relu::{Activation, reference};

    const VALUE: [u8; 3] = [41, 128, 219];
    const SLOPE: [u8; 3] = [232, 115, 33];

    struct Seen {
        size: [u32; 2],
        plot: egui::Rect,
        bytes: Vec<u8>,
    }

    impl Seen {
        fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
            let at = 4 * (y * self.size[0] + x) as usize;
            [0, 1, 2].map(|channel| self.bytes[at + channel])
        }

        /// The place in the plot of a pixel's centre: x, and the row of a y.
        fn x(&self, column: u32) -> f32 {
            let part = (column as f32 + 0.5 - self.plot.left()) / self.plot.width();
            VIEW[0] + part * (VIEW[1] - VIEW[0])
        }

        fn row(&self, y: f64) -> f32 {
            let part = (VIEW[3] - y as f32) / (VIEW[3] - VIEW[2]);
            self.plot.top() + part * self.plot.height()
        }
    }

    fn near(a: [u8; 3], b: [u8; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 24)
    }

    /// The curves are where f and f' are, and nowhere else.
    fn check(seen: &Seen, activation: Activation) -> usize {
        let (top, bottom) = (seen.plot.top() + 3.0, seen.plot.bottom() - 3.0);
        let step = (VIEW[1] - VIEW[0]) / seen.plot.width();
        let columns = seen.plot.left() as u32 + 2..seen.plot.right() as u32 - 2;
        let mut checked = 0;
        for column in columns {
            let x = seen.x(column);
            if activation.kinks().iter().any(|kink| (kink - x).abs() < 4.0 * step) {
                continue;
            }
            let rows = |f: &dyn Fn(Activation, f32) -> f64| {
                [x - step, x, x + step].map(|x| seen.row(f(activation, x)))
            };
            let value = rows(&reference::value);
            let slope = rows(&reference::derivative);
            let inside = |row: f32| (top..bottom).contains(&row);
            if inside(value[1]) {
                let found = seen.pixel(column, value[1] as u32);
                assert!(near(found, VALUE), "{activation} at {x}: {found:?}");
                checked += 1;
            }
            if inside(slope[1]) && (slope[1] - value[1]).abs() > 8.0 {
                let found = seen.pixel(column, slope[1] as u32);
                assert!(near(found, SLOPE), "{activation}' at {x}: {found:?}");
                checked += 1;
            }
            let beside = |rows: [f32; 3], row: u32| {
                let (least, most) = (rows[0].min(rows[2]), rows[0].max(rows[2]));
                (least - 4.0..most + 4.0).contains(&(row as f32 + 0.5))
            };
            for row in top as u32..bottom as u32 {
                let found = seen.pixel(column, row);
                assert!(!near(found, VALUE) || beside(value, row), "{activation}: {x}, row {row}");
                assert!(!near(found, SLOPE) || beside(slope, row), "{activation}': {x}, row {row}");
            }
        }
        checked
    }

    #[test]
    fn the_curves_are_where_the_functions_are() {
        let first = Activation::Relu;
        let mut offscreen = Offscreen::new(&Panel::new(first)).unwrap();
        let mut before = Vec::new();
        for (activation, size) in [
            (first, [320, 240]),
            (Activation::Gelu, [320, 240]),
            (Activation::Elu { alpha: 0.5 }, [320, 240]),
            (Activation::Elu { alpha: 1.5 }, [503, 301]),
            (Activation::Tanh, [200, 400]),
            (first, [320, 240]),
        ] {
            let mut panel = Panel::new(activation);
            offscreen.frame(&mut panel, size).unwrap();
            let (plot, bytes) = offscreen.frame(&mut panel, size).unwrap();
            let seen = Seen { size, plot, bytes };
            let checked = check(&seen, activation);
            assert!(checked > 200, "{activation}: {checked} pixels");
            assert!(seen.bytes != before, "{activation} looks as what was there before");
            before = seen.bytes;
        }
    }
}
