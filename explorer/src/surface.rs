//! The limits of egui's device, and pictures drawn straight from the buffers of results.

use std::sync::Arc;

use demo::network::probe::Probe;
use demo::playground::session::SIDE;
use demo::viewport;
use eframe::egui;
use egui_wgpu::{CallbackResources, CallbackTrait, WgpuSetupCreateNew};
use wgpu_relu::wgpu::{self, util::DeviceExt};

/// Makes pictures for targets of one format.
#[derive(Clone)]
pub(crate) struct Surfaces {
    device: wgpu::Device,
    pipeline: wgpu::RenderPipeline,
}

/// The outputs of one layer.
#[derive(Clone)]
pub(crate) struct Picture {
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
    pub(crate) units: usize,
    /// Pictures of units per row; 0 for one surface.
    pub(crate) columns: usize,
}

impl Surfaces {
    pub(crate) fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let shader = concat!(
            include_str!("../../examples/shared/src/viewport.wgsl"),
            include_str!("surface.wgsl")
        );
        let constants = [viewport::srgb(format)];
        let pipeline = viewport::pipeline(device, format, "surface", shader, &constants);
        Surfaces { device: device.clone(), pipeline }
    }

    /// A picture of a layer on the grid. `columns` pictures of units per row, or one surface if it is 0.
    pub(crate) fn picture(&self, grid: &Probe, layer: usize, columns: usize) -> Picture {
        let outputs = &grid.outputs[layer];
        let units = outputs.size() as usize / 4 / grid.points;
        // The 0 fills 16 bytes, a size that every backend takes.
        let words = [SIDE as u32, units as u32, columns as u32, 0];
        let uniform = self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("picture"),
            contents: &words.map(u32::to_le_bytes).concat(),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let entries = [(0, &uniform), (1, outputs)].map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        });
        let bind_group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Picture { pipeline: self.pipeline.clone(), bind_group, units, columns }
    }
}

impl Picture {
    /// Draws into a place of the window.
    pub(crate) fn draw(&self, ui: &egui::Ui, place: egui::Rect) {
        ui.painter().add(egui_wgpu::Callback::new_paint_callback(place, self.clone()));
    }

    /// The place of a unit's picture.
    pub(crate) fn cell(&self, place: egui::Rect, unit: usize) -> egui::Rect {
        let columns = self.columns.max(1);
        let rows = self.units.div_ceil(columns);
        let size = egui::vec2(place.width() / columns as f32, place.height() / rows as f32);
        let corner = egui::vec2((unit % columns) as f32 * size.x, (unit / columns) as f32 * size.y);
        egui::Rect::from_min_size(place.min + corner, size).shrink(0.05 * size.min_elem())
    }
}

impl CallbackTrait for Picture {
    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        _resources: &CallbackResources,
    ) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

/// egui asks only for the limits of pictures. On OpenGL these include no storage buffers.
pub(crate) fn ask_for_all(setup: &mut WgpuSetupCreateNew) {
    setup.device_descriptor = Arc::new(|adapter| wgpu::DeviceDescriptor {
        label: Some("egui"),
        required_limits: adapter.limits(),
        ..Default::default()
    });
}
