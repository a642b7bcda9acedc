//! Draws the window's content into a texture, without a window.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use eframe::egui;
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use wgpu_relu::{Gpu, wgpu};

use crate::app::{self, App};
use crate::labels::labels;
use crate::state::State;
use crate::window::Outcome;

/// egui prefers targets that do not convert its colours.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A device with egui's renderer on it, and the program.
pub(crate) struct Offscreen {
    gpu: Gpu,
    context: egui::Context,
    renderer: Renderer,
    pub(crate) app: App,
    size: [u32; 2],
    /// Seconds since the start, as the program sees them.
    time: f64,
    /// The names and places that a screen reader gets.
    pub(crate) labels: Vec<(String, egui::Rect)>,
    /// The name of what has the keyboard's focus.
    #[cfg(test)]
    pub(crate) focus: Option<String>,
    /// When egui wants the next frame.
    #[cfg(test)]
    pub(crate) wait: Duration,
}

impl Offscreen {
    pub(crate) fn new(state: State, size: [u32; 2]) -> Outcome<Self> {
        Offscreen::of(size, |gpu| App::new(gpu.device(), gpu.queue(), FORMAT, state))
    }

    /// Another window, for the program of a lost device, as window.rs opens one.
    #[cfg(test)]
    pub(crate) fn after_loss(self) -> Outcome<Self> {
        let Offscreen { mut app, size, .. } = self;
        Offscreen::of(size, |gpu| {
            app.after_loss(gpu.device(), gpu.queue(), FORMAT);
            app
        })
    }

    fn of(size: [u32; 2], app: impl FnOnce(&Gpu) -> App) -> Outcome<Self> {
        let gpu = Gpu::new()?;
        let renderer = Renderer::new(gpu.device(), FORMAT, RendererOptions::PREDICTABLE);
        let app = app(&gpu);
        let context = egui::Context::default();
        context.enable_accesskit();
        app::style(&context);
        Ok(Offscreen {
            gpu,
            context,
            renderer,
            app,
            size,
            time: 0.0,
            labels: Vec::new(),
            #[cfg(test)]
            focus: None,
            #[cfg(test)]
            wait: Duration::ZERO,
        })
    }

    /// Draws one frame as eframe does. Returns bytes of red, green, blue and alpha, row by row.
    pub(crate) fn frame(&mut self, events: Vec<egui::Event>) -> Outcome<Vec<u8>> {
        let output = self.update(events);
        self.draw(output)
    }

    /// Runs the program for one frame.
    fn update(&mut self, events: Vec<egui::Event>) -> egui::FullOutput {
        let [width, height] = self.size.map(|side| side as f32);
        let rect = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(width, height));
        self.time += 1.0 / 60.0;
        let input = egui::RawInput {
            screen_rect: Some(rect),
            time: Some(self.time),
            events,
            ..Default::default()
        };
        let app = &mut self.app;
        let mut output = self.context.run_ui(input, |ui| app.ui(ui));
        if let Some(update) = output.platform_output.accesskit_update.take() {
            self.labels = labels(&update);
            #[cfg(test)]
            {
                self.focus = crate::labels::focus(&update);
            }
        }
        #[cfg(test)]
        {
            self.wait = output.viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        }
        for (id, images) in &output.textures_delta.set {
            for image in images {
                self.renderer.update_texture(self.gpu.device(), self.gpu.queue(), *id, image);
            }
        }
        output
    }

    fn draw(&mut self, mut output: egui::FullOutput) -> Outcome<Vec<u8>> {
        let (device, queue, size) = (self.gpu.device(), self.gpu.queue(), self.size);
        let freed = std::mem::take(&mut output.textures_delta.free);
        output.textures_delta.clear();
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
        let [r, g, b, a] = app::background(&self.context.global_style().visuals).map(f64::from);
        let clear = wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a });
        let attachment = wgpu::RenderPassColorAttachment {
            view: &view,
            resolve_target: None,
            ops: wgpu::Operations { load: clear, store: wgpu::StoreOp::Store },
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
        Ok(read(&self.gpu, &target)?)
    }

    /// Draws until nothing changes any more, and returns the last frame.
    pub(crate) fn settle(&mut self) -> Outcome<Vec<u8>> {
        // egui knows the sizes of its parts from the second frame on.
        for _ in 0..3 {
            self.frame(Vec::new())?;
        }
        for _ in 0..60_000 {
            let mut output = self.update(Vec::new());
            if !self.app.is_busy() {
                return self.draw(output);
            }
            // A frame that nobody sees needs no drawing.
            for id in &std::mem::take(&mut output.textures_delta.free) {
                self.renderer.free_texture(id);
            }
            output.textures_delta.clear();
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("the window does not come to rest within 60000 frames".into())
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

/// Writes the window's content to a file, after it has come to rest.
pub(crate) fn save(state: State, size: [u32; 2], steps: u64, path: &Path) -> Outcome<()> {
    let mut offscreen = Offscreen::new(state, size)?;
    offscreen.settle()?;
    // Some moments on the way, for the curve of the loss.
    for part in 0..32 {
        offscreen.app.train((part + 1) * steps / 32 - part * steps / 32)?;
        offscreen.settle()?;
    }
    let bytes = offscreen.settle()?;
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
