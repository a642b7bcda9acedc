//! The paint callback: it computes in `prepare`, inside egui's encoder, and draws in `paint`, inside egui's pass.

use demo::curve::Curve;
use eframe::egui::PaintCallbackInfo;
use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use wgpu_relu::{Activation, Gpu, Result, wgpu};

/// Shows this activation.
pub(crate) struct Plot(pub(crate) Activation);

/// The objects that every frame uses. They are made once and kept by egui.
struct Shown {
    curve: Curve,
    activation: Activation,
}

/// Adopts egui's device, and makes what plots need.
pub(crate) fn install(
    resources: &mut CallbackResources,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    format: wgpu::TextureFormat,
    activation: Activation,
) -> Result<()> {
    let gpu = Gpu::from_device(device, queue);
    resources.insert(Shown { curve: Curve::new(&gpu, format, activation)?, activation });
    Ok(())
}

impl CallbackTrait for Plot {
    fn prepare(
        &self,
        _device: &wgpu::Device,
        _queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(shown) = resources.get_mut::<Shown>() {
            if shown.activation != self.0 {
                // egui takes no error here, so the old curve stays.
                if let Err(error) = shown.curve.set_activation(self.0) {
                    eprintln!("error: {error}");
                }
                shown.activation = self.0;
            }
            shown.curve.record(encoder);
        }
        // egui submits its own encoder.
        Vec::new()
    }

    fn paint(
        &self,
        _info: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(shown) = resources.get::<Shown>() {
            shown.curve.draw(pass);
        }
    }
}
