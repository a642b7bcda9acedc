//! The curves of an activation and of its derivative, computed and drawn on the caller's device. Nothing comes back to
//! the host. For the page in `web/`.

use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared, Result, wgpu};

use crate::viewport::{pipeline, srgb};

/// The range of the plot: left, right, bottom, top.
pub const VIEW: [f32; 4] = [-4.0, 4.0, -2.0, 4.0];

/// Points per curve.
const POINTS: usize = 513;

/// The curve of f is blue and that of f' orange, over a grid of whole numbers and the target's earlier contents.
pub struct Curve {
    gpu: Gpu,
    x: wgpu::Buffer,
    ones: wgpu::Buffer,
    value: wgpu::Buffer,
    slope: wgpu::Buffer,
    steps: [Prepared; 2],
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
}

impl Curve {
    /// Makes curves for targets of `format`, without a depth buffer.
    pub fn new(gpu: &Gpu, format: wgpu::TextureFormat, activation: Activation) -> Result<Self> {
        let [left, right, ..] = VIEW;
        let at = |i| left + (right - left) * i as f32 / (POINTS - 1) as f32;
        let x = gpu.upload(&(0..POINTS).map(at).collect::<Vec<_>>())?;
        // The derivative is the gradient for an upstream gradient of 1.
        let ones = gpu.upload(&[1.0; POINTS])?;
        let (value, slope) = (gpu.upload(&[0.0; POINTS])?, gpu.upload(&[0.0; POINTS])?);
        let steps = prepare(gpu, activation, [&x, &ones, &value, &slope])?;
        let [left, right, bottom, top] = VIEW.map(f64::from);
        let constants =
            [("LEFT", left), ("RIGHT", right), ("BOTTOM", bottom), ("TOP", top), srgb(format)];
        let shader = concat!(include_str!("../viewport.wgsl"), include_str!("curve.wgsl"));
        let pipeline = pipeline(gpu.device(), format, "curve", shader, &constants);
        let entries = [(0, &value), (1, &slope)].map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        });
        let bind_group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("curve"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let gpu = gpu.clone();
        Ok(Curve { gpu, x, ones, value, slope, steps, pipeline, bind_group })
    }

    /// Shows another activation, or the same with other parameters. It always prepares anew, because choices are rare
    /// and a page is 1 KB smaller without `Prepared::set_activation`.
    pub fn set_activation(&mut self, activation: Activation) -> Result<()> {
        let buffers = [&self.x, &self.ones, &self.value, &self.slope];
        self.steps = prepare(&self.gpu, activation, buffers)?;
        Ok(())
    }

    /// Records the computation, in a pass of its own.
    pub fn record(&self, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("curve"),
            timestamp_writes: None,
        });
        self.steps.iter().for_each(|step| step.record(&mut pass));
    }

    /// Draws the last computed curves over the viewport of `pass`.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

/// f and f' over `x`.
fn prepare(
    gpu: &Gpu,
    activation: Activation,
    [x, ones, value, slope]: [&wgpu::Buffer; 4],
) -> Result<[Prepared; 2]> {
    let operator = GpuRelu::with_activation(gpu, activation)?;
    Ok([operator.prepare(x, value)?, operator.prepare_gradient(x, ones, slope)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_are_drawn_where_f_and_its_derivative_are() {
        let gpu = Gpu::new().unwrap();
        let format = wgpu::TextureFormat::Rgba8Unorm;
        let curve = Curve::new(&gpu, format, Activation::Relu).unwrap();
        // 8 pixels per unit. A row has 256 bytes, as a copy needs.
        let size = wgpu::Extent3d { width: 64, height: 48, depth_or_array_layers: 1 };
        let target = gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        curve.record(&mut encoder);
        curve.draw(&mut encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &target.create_view(&Default::default()),
                resolve_target: None,
                ops: wgpu::Operations::default(),
                depth_slice: None,
            })],
            ..Default::default()
        }));
        let pixels = gpu.zeros::<f32>(64 * 48).unwrap();
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(256),
            rows_per_image: None,
        };
        let copy = wgpu::TexelCopyBufferInfo { buffer: &pixels, layout };
        encoder.copy_texture_to_buffer(target.as_image_copy(), copy, size);
        gpu.queue().submit([encoder.finish()]);
        let pixels = gpu.download(&pixels).unwrap();
        let at = |x: i32, y: i32| {
            let (column, row) = (8 * (x + 4), 8 * (4 - y));
            pixels[(64 * row + column) as usize].to_bits().to_le_bytes()
        };
        let near = |found: [u8; 4], colour: [u8; 4]| {
            let close = found.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 24);
            assert!(close, "{found:?} is not {colour:?}");
        };
        let (value, slope) = ([41, 128, 219, 255], [232, 115, 33, 255]);
        near(at(2, 2), value);
        near(at(3, 3), value);
        near(at(3, 1), slope);
        assert!(at(-3, 3)[3] < 128, "nothing but the grid is there");
    }
}
