//! The surface of a window, and its states.

use std::sync::Arc;

use winit::window::Window;

use crate::device::Device;
use crate::error::{Error, Result};

/// A surface, which is configured when needed.
pub(crate) struct Screen {
    instance: wgpu::Instance,
    device: wgpu::Device,
    surface: wgpu::Surface<'static>,
    config: wgpu::SurfaceConfiguration,
    /// Whether the surface has the configuration `config`.
    configured: bool,
    /// Whether a surface of this size has been configured again for that, which happens once.
    suboptimal: bool,
}

/// Formats that show numbers as written come first. The others encode them, and the shader compensates.
const FORMATS: [wgpu::TextureFormat; 4] = [
    wgpu::TextureFormat::Bgra8Unorm,
    wgpu::TextureFormat::Rgba8Unorm,
    wgpu::TextureFormat::Bgra8UnormSrgb,
    wgpu::TextureFormat::Rgba8UnormSrgb,
];

impl Screen {
    pub(crate) fn new(
        instance: wgpu::Instance,
        adapter: &wgpu::Adapter,
        device: &Device,
        surface: wgpu::Surface<'static>,
        size: [u32; 2],
    ) -> Result<Self> {
        let formats = surface.get_capabilities(adapter).formats;
        let format = FORMATS.into_iter().find(|format| formats.contains(format));
        let format = format.ok_or_else(|| Error::Window {
            reason: format!("the surface takes none of {FORMATS:?}, but {formats:?}"),
        })?;
        let device = device.device.clone();
        let mut screen = Screen {
            instance,
            device,
            surface,
            config: wgpu::SurfaceConfiguration {
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                format,
                color_space: wgpu::SurfaceColorSpace::Auto,
                width: 0,
                height: 0,
                desired_maximum_frame_latency: 2,
                present_mode: wgpu::PresentMode::Fifo,
                alpha_mode: wgpu::CompositeAlphaMode::Auto,
                view_formats: Vec::new(),
            },
            configured: false,
            suboptimal: false,
        };
        screen.resize(size);
        Ok(screen)
    }

    pub(crate) fn format(&self) -> wgpu::TextureFormat {
        self.config.format
    }

    /// None if there is nothing to draw into, as in a minimised window.
    pub(crate) fn size(&self) -> Option<[u32; 2]> {
        let size = [self.config.width, self.config.height];
        (!size.contains(&0)).then_some(size)
    }

    pub(crate) fn resize(&mut self, size: [u32; 2]) {
        let limit = self.device.limits().max_texture_dimension_2d;
        let [width, height] = size.map(|side| side.min(limit));
        self.suboptimal &= [width, height] == [self.config.width, self.config.height];
        self.configured &= [width, height] == [self.config.width, self.config.height];
        (self.config.width, self.config.height) = (width, height);
    }

    /// The texture of the next frame, in the current size. None if there is none at the moment.
    pub(crate) fn acquire(&mut self, window: &Arc<Window>) -> Result<Option<wgpu::SurfaceTexture>> {
        use wgpu::CurrentSurfaceTexture as Current;
        // A changed surface can be configured again, once.
        for _ in 0..2 {
            if !self.configured {
                self.surface.configure(&self.device, &self.config);
                self.configured = true;
            }
            match self.surface.get_current_texture() {
                Current::Success(texture) => return Ok(Some(texture)),
                Current::Suboptimal(texture) => {
                    // This texture can be shown. If the next one is no better, nothing helps.
                    self.configured = self.suboptimal;
                    self.suboptimal = true;
                    return Ok(Some(texture));
                }
                Current::Outdated => self.configured = false,
                Current::Lost => {
                    let surface = self.instance.create_surface(window.clone());
                    self.surface =
                        surface.map_err(|error| Error::Window { reason: error.to_string() })?;
                    self.configured = false;
                }
                Current::Timeout | Current::Occluded | Current::Validation => return Ok(None),
            }
        }
        Ok(None)
    }
}
