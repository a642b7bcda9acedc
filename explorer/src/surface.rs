//! Pictures drawn straight from the buffers of results.

use demo::network::probe::Probe;
use demo::playground::session::SIDE;
use eframe::egui;
use egui_wgpu::{CallbackResources, CallbackTrait};
use wgpu_relu::wgpu;

/// Makes pictures for targets of one format.
#[derive(Clone)]
pub(crate) struct Surfaces {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: wgpu::RenderPipeline,
    srgb: bool,
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
    pub(crate) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        format: wgpu::TextureFormat,
    ) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("surface"),
            source: wgpu::ShaderSource::Wgsl(include_str!("surface.wgsl").into()),
        });
        let options = wgpu::PipelineCompilationOptions::default();
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("surface"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: options.clone(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("paint"),
                compilation_options: options,
                targets: &[Some(wgpu::ColorTargetState {
                    format,
                    blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: wgpu::ColorWrites::ALL,
                })],
            }),
            multiview_mask: None,
            cache: None,
        });
        let (device, queue, srgb) = (device.clone(), queue.clone(), format.is_srgb());
        Surfaces { device, queue, pipeline, srgb }
    }

    /// A picture of a layer on the grid. `columns` pictures of units per row, or one surface if it is 0.
    pub(crate) fn picture(&self, grid: &Probe, layer: usize, columns: usize) -> Picture {
        let outputs = &grid.outputs[layer];
        let units = outputs.size() as usize / 4 / grid.points;
        let uniform = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: 16,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let words = [SIDE as u32, units as u32, columns as u32, u32::from(self.srgb)];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.queue.write_buffer(&uniform, 0, &bytes);
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
