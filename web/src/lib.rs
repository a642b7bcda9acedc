//! The functions that the page calls. They apply an activation to a buffer and draw its curve onto a canvas, and read
//! nothing back. `index.html` and `page.js` have the controls.
//!
//! ```sh
//! cargo xtask web --serve
//! ```

#![cfg(target_arch = "wasm32")]

use std::cell::RefCell;

use demo::curve::Curve;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::HtmlCanvasElement;
use wgpu_relu::wgpu;
use wgpu_relu::{Activation, Error, Gpu};

/// Every browser supports this format for canvases. The preferred format differs.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

const BACKGROUND: wgpu::Color = wgpu::Color { r: 0.07, g: 0.08, b: 0.1, a: 1.0 };

thread_local! {
    /// The page's function to call when the device is lost. wgpu takes only a callback that any thread could call, and
    /// a callback with a function of the page is none.
    static ON_LOST: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Names of all activations, with commas between.
#[wasm_bindgen]
pub fn activations() -> String {
    Activation::ALL.iter().map(Activation::name).collect::<Vec<_>>().join(",")
}

/// Names of the parameters of an activation, with commas between.
#[wasm_bindgen]
pub fn parameters(name: &str) -> String {
    let parameters = named(name).parameters().into_iter();
    parameters.map(|(name, _)| name).collect::<Vec<_>>().join(",")
}

/// Their default values.
#[wasm_bindgen]
pub fn defaults(name: &str) -> Vec<f32> {
    named(name).parameters().into_iter().map(|(_, value)| value).collect()
}

/// The activation of a name from [`activations`].
fn named(name: &str) -> Activation {
    let found = Activation::ALL.iter().find(|activation| activation.name() == name);
    found.copied().unwrap_or(Activation::Relu)
}

/// The page's text for an error. The crate's own texts would take 37 KB.
fn told(error: Error) -> JsError {
    match error {
        Error::InvalidParameter { parameter, rule, .. } => {
            JsError::new(&[parameter, " must be ", rule].concat())
        }
        _ => JsError::new("The GPU does not take this; reload the page."),
    }
}

/// A canvas with the curve of an activation on it.
#[wasm_bindgen]
pub struct Plot {
    gpu: Gpu,
    surface: wgpu::Surface<'static>,
    size: [u32; 2],
    curve: Curve,
}

#[wasm_bindgen]
impl Plot {
    /// Opens a device for `canvas`. If the device is lost, it calls `on_lost` once, and the page has to make a new
    /// plot.
    ///
    /// # Errors
    ///
    /// If there is no WebGPU.
    pub async fn open(canvas: HtmlCanvasElement, on_lost: Function) -> Result<Plot, JsError> {
        let none = || JsError::new("no GPU");
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let target = wgpu::SurfaceTarget::Canvas(canvas);
        let surface = instance.create_surface(target).map_err(|_| none())?;
        let adapter = instance.request_adapter(&Default::default()).await.map_err(|_| none())?;
        let opened = adapter.request_device(&Default::default()).await;
        let (device, queue) = opened.map_err(|_| none())?;
        ON_LOST.set(Some(on_lost));
        device.set_device_lost_callback(|_, _| {
            if let Some(on_lost) = ON_LOST.take() {
                // Errors in that function belong to the page.
                let _ = on_lost.call0(&JsValue::UNDEFINED);
            }
        });
        let gpu = Gpu::from_device(&device, &queue);
        let curve = Curve::new(&gpu, FORMAT, Activation::Relu).map_err(told)?;
        Ok(Plot { gpu, surface, size: [0; 2], curve })
    }

    /// Shows an activation with these parameters from the next frame on.
    ///
    /// # Errors
    ///
    /// If a parameter is out of its range, with its name.
    pub fn choose(&mut self, name: &str, parameters: &[f32]) -> Result<(), JsError> {
        let activation = named(name).with_parameters(parameters).map_err(told)?;
        self.curve.set_activation(activation).map_err(told)
    }

    /// Draws a frame of `width` by `height` pixels.
    ///
    /// # Errors
    ///
    /// If the canvas cannot be drawn on.
    pub fn draw(&mut self, width: u32, height: u32) -> Result<(), JsError> {
        let most = self.gpu.device().limits().max_texture_dimension_2d;
        let size = [width, height].map(|side| side.clamp(1, most));
        if size != self.size {
            self.configure(size);
        }
        let frame = match self.frame() {
            Some(frame) => frame,
            None => {
                self.configure(size);
                self.frame().ok_or(JsError::new("The canvas is lost; reload the page."))?
            }
        };
        let view = frame.texture.create_view(&Default::default());
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        self.curve.record(&mut encoder);
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("page"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(BACKGROUND),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            self.curve.draw(&mut pass);
        }
        self.gpu.queue().submit([encoder.finish()]);
        self.gpu.queue().present(frame);
        Ok(())
    }

    fn configure(&mut self, [width, height]: [u32; 2]) {
        self.surface.configure(
            self.gpu.device(),
            &wgpu::SurfaceConfiguration {
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                format: FORMAT,
                color_space: wgpu::SurfaceColorSpace::Auto,
                width,
                height,
                present_mode: wgpu::PresentMode::Fifo,
                desired_maximum_frame_latency: 2,
                alpha_mode: wgpu::CompositeAlphaMode::Opaque,
                view_formats: Vec::new(),
            },
        );
        self.size = [width, height];
    }

    fn frame(&self) -> Option<wgpu::SurfaceTexture> {
        match self.surface.get_current_texture() {
            wgpu::CurrentSurfaceTexture::Success(frame)
            | wgpu::CurrentSurfaceTexture::Suboptimal(frame) => Some(frame),
            _ => None,
        }
    }
}
