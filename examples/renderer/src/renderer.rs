//! The frame: its objects, and their recording. The caller has the encoder and the submit.

use wgpu_relu::Gpu;

use crate::canvas::Canvas;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::field::Field;
use crate::kernels::Kernels;
use crate::look::{Look, Mode};
use crate::network::Network;
use crate::show::Show;
use crate::steps::Steps;
use crate::timing::{Part, Place, Times, Timing};
use crate::upload::Upload;
use crate::view::{View, ViewUniform};

/// Draws a field. It creates objects when the size or the look changes, and none in a frame.
pub(crate) struct Renderer {
    device: Device,
    gpu: Gpu,
    network: Network,
    show: Show,
    upload: Upload,
    look: Look,
    band: u32,
    scene: Scene,
}

/// The objects that depend on size and look.
struct Scene {
    canvas: Canvas,
    shown: wgpu::BindGroup,
    /// The prepared activations, in the mode that records them.
    steps: Option<Steps>,
    timing: Option<Timing>,
}

impl Renderer {
    pub(crate) fn new(
        device: &Device,
        field: &Field,
        look: Look,
        size: [u32; 2],
        format: wgpu::TextureFormat,
    ) -> Result<Self> {
        Self::with_band(device, field, look, size, format, Canvas::BAND)
    }

    /// The same with bands of at most `band` pixels.
    pub(crate) fn with_band(
        device: &Device,
        field: &Field,
        look: Look,
        size: [u32; 2],
        format: wgpu::TextureFormat,
        band: u32,
    ) -> Result<Self> {
        let gpu = Gpu::from_device(&device.device, &device.queue);
        look.activation.validate()?;
        let mut network = Network::new(&device.device, field)?;
        network.prepare(&device.device, &device.queue, look);
        let show = Show::new(&device.device, format);
        let upload = Upload::new(&device.device, size_of::<ViewUniform>() as u64);
        let scene = Scene::new(device, &gpu, &network, &show, look, size, band)?;
        let device = device.clone();
        device.check()?;
        Ok(Renderer { device, gpu, network, show, upload, look, band, scene })
    }

    pub(crate) fn size(&self) -> [u32; 2] {
        self.scene.canvas.size
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }

    /// Sets a new size. Neither side is 0.
    pub(crate) fn resize(&mut self, size: [u32; 2]) -> Result<()> {
        if size == self.size() { Ok(()) } else { self.rebuild(self.look, size) }
    }

    /// Sets another activation, other parameters, or the other mode.
    pub(crate) fn set_look(&mut self, look: Look) -> Result<()> {
        look.activation.validate()?;
        self.network.prepare(&self.device.device, &self.device.queue, look);
        if look.mode == self.look.mode && look.activation.name() == self.look.activation.name() {
            // Other parameters need no new object.
            if let Some(steps) = &self.scene.steps {
                steps.set_activation(look.activation)?;
            }
            self.look = look;
            return self.device.check();
        }
        self.rebuild(look, self.size())
    }

    fn rebuild(&mut self, look: Look, size: [u32; 2]) -> Result<()> {
        let Renderer { device, gpu, network, show, band, .. } = self;
        let scene = Scene::new(device, gpu, network, show, look, size, *band)?;
        device.check()?;
        (self.scene, self.look) = (scene, look);
        Ok(())
    }

    /// Records a frame of the view into `encoder`: the products and activations of all bands, and the drawing.
    pub(crate) fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        view: View,
        target: &wgpu::TextureView,
    ) -> Result<()> {
        let Renderer { device, network, show, upload, look, scene, .. } = self;
        let Scene { canvas, shown, steps, timing } = scene;
        let Some(kernels) = network.kernels(*look) else {
            return Err(Error::Refused { reason: "a look that is not prepared".to_owned() });
        };
        if let Some(timing) = timing {
            timing.begin();
            timing.start(encoder);
        }
        let view = view.uniform(canvas.size);
        upload.record(&device.device, encoder, &network.view, bytemuck::bytes_of(&view));
        let mut passes = Passes { encoder, timing: timing.as_ref(), count: 0 };
        products(&mut passes, network, kernels, canvas, steps.as_ref());
        if let Some(steps) = steps {
            passes.compute("renderer output", |pass| steps.output.record(pass));
        }
        let place = timing.as_ref().and_then(|timing| timing.pass(passes.count));
        show.record(encoder, target, shown, place.map(Place::render));
        if let Some(timing) = timing {
            timing.resolve(encoder);
        }
        Ok(())
    }

    /// Must be called after the submit of a recorded frame. Neither this nor `record` waits.
    pub(crate) fn submitted(&mut self) {
        self.upload.submitted();
        if let Some(timing) = &mut self.scene.timing {
            timing.submitted();
        }
    }

    /// The times of the latest frame whose timestamps have arrived. None without timestamps.
    pub(crate) fn times(&self) -> Option<Times> {
        self.scene.timing.as_ref().and_then(Timing::latest)
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.scene.timing.is_some()
    }

    /// Bands of the picture.
    pub(crate) fn bands(&self) -> usize {
        self.scene.canvas.bands.len()
    }
}

impl Scene {
    fn new(
        device: &Device,
        gpu: &Gpu,
        network: &Network,
        show: &Show,
        look: Look,
        size: [u32; 2],
        band: u32,
    ) -> Result<Self> {
        let limit = device.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&side| side == 0 || side > limit) {
            return Err(Error::Size { width: size[0], height: size[1], limit });
        }
        let canvas = Canvas::new(&device.device, network, size, band)?;
        let shown = show.bind(&device.device, network, &canvas.picture);
        let steps = match look.mode {
            Mode::Recorded => Some(Steps::new(gpu, network, &canvas, look.activation)?),
            Mode::Fused => None,
        };
        let hidden = network.layers.len() - 1;
        let (mut layer, mut parts) = (vec![Part::Products], Vec::new());
        if steps.is_some() {
            layer.push(Part::Activations);
        }
        for _ in &canvas.bands {
            (0..hidden).for_each(|_| parts.extend(&layer));
            parts.push(Part::Products);
        }
        parts.extend(steps.as_ref().map(|_| Part::Activations));
        parts.push(Part::Drawing);
        let timing = Timing::new(&device.device, &device.queue, parts);
        Ok(Scene { canvas, shown, steps, timing })
    }
}

/// The compute passes of a frame, counted.
struct Passes<'a> {
    encoder: &'a mut wgpu::CommandEncoder,
    timing: Option<&'a Timing>,
    count: usize,
}

impl Passes<'_> {
    fn compute(&mut self, label: &str, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
        let timestamp_writes =
            self.timing.and_then(|timing| timing.pass(self.count)).map(Place::compute);
        let descriptor = wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes };
        record(&mut self.encoder.begin_compute_pass(&descriptor));
        self.count += 1;
    }
}

/// Records the passes band by band, layer by layer. Activations that are not fused are recorded after each product.
fn products(
    passes: &mut Passes<'_>,
    network: &Network,
    kernels: &Kernels,
    canvas: &Canvas,
    steps: Option<&Steps>,
) {
    let last = network.layers.len() - 1;
    for (index, &band) in canvas.bands.iter().enumerate() {
        for (layer, place) in network.layers.iter().enumerate() {
            passes.compute("renderer product", |pass| {
                let (pipeline, blocks) = match layer {
                    0 => (&kernels.features, place.blocks()),
                    _ if layer == last => (&kernels.colours, 1),
                    _ => (&kernels.hidden, place.blocks()),
                };
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &canvas.bind_groups[layer], &[canvas.offset(index, layer)]);
                // Two vectors of pixels per invocation.
                pass.dispatch_workgroups(band.quads.div_ceil(2).div_ceil(64), blocks as u32, 1);
            });
            if let (Some(steps), true) = (steps, layer < last) {
                passes.compute("renderer activation", |pass| {
                    steps.hidden(layer, band).for_each(|step| step.record(pass));
                });
            }
        }
    }
}
