//! The renderer's own device, which the crate adopts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};

/// A device with its queue and its first error.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) info: wgpu::AdapterInfo,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

enum Trouble {
    Lost(String),
    Refused(String),
}

/// The backends to search: those of WGPU_BACKEND, else all but the no-op backend, which runs no shader.
pub(crate) fn descriptor(mut descriptor: wgpu::InstanceDescriptor) -> wgpu::InstanceDescriptor {
    let named = std::env::var("WGPU_BACKEND").is_ok_and(|backends| !backends.is_empty());
    if !named {
        descriptor.backends = wgpu::Backends::all().difference(wgpu::Backends::NOOP);
    }
    descriptor
}

/// A buffer with these contents. wgpu's own `create_buffer_init` panics if there is no memory.
pub(crate) fn filled(
    device: &wgpu::Device,
    label: &str,
    contents: &[u8],
    usage: wgpu::BufferUsages,
) -> wgpu::Buffer {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: contents.len().next_multiple_of(4) as u64,
        usage,
        mapped_at_creation: true,
    });
    if let Ok(mut range) = buffer.get_mapped_range_mut(..) {
        range.slice(..contents.len()).copy_from_slice(contents);
    }
    buffer.unmap();
    buffer
}

impl Device {
    /// Opens the adapter that WGPU_ADAPTER_NAME names, else the one that wgpu finds best, with all of its limits, and
    /// with timestamps if it has them.
    pub(crate) async fn open(
        instance: &wgpu::Instance,
        surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<(Self, wgpu::Adapter)> {
        let adapter = adapter(instance, surface).await?;
        let info = adapter.get_info();
        let flags = adapter.get_downlevel_capabilities().flags;
        if !flags.contains(wgpu::DownlevelFlags::FRAGMENT_STORAGE) {
            return Err(Error::FragmentStorage { adapter: info.name });
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("renderer"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let opened = adapter.request_device(&descriptor).await;
        let (device, queue) = opened.map_err(|error| wgpu_relu::Error::NoDevice {
            adapter: info.name.clone(),
            reason: error.to_string(),
        })?;
        let trouble = Arc::new(Mutex::new(None));
        let opened = Device { device, queue, info, trouble };
        opened.watch();
        Ok((opened, adapter))
    }

    /// Returns the first error, if there was one.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(Trouble::Lost(reason)) => Err(Error::DeviceLost { reason: reason.clone() }),
            Some(Trouble::Refused(reason)) => Err(Error::Refused { reason: reason.clone() }),
        }
    }

    /// Calls `Device::poll`, which panics when it finds that the driver has lost the device.
    pub(crate) fn poll(&self, poll: wgpu::PollType) -> Result<()> {
        let polled = AssertUnwindSafe(|| self.device.poll(poll));
        let polled = catch_unwind(polled);
        self.check()?;
        match polled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Error::Refused { reason: error.to_string() }),
            Err(_) => Err(Error::DeviceLost { reason: "the driver has lost it".to_owned() }),
        }
    }

    /// Keeps errors instead of a panic: the first one, or the loss of the device, which explains the others.
    fn watch(&self) {
        let note = |trouble: &Mutex<Option<Trouble>>, new: Trouble| {
            let mut noted = trouble.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.is_none() || matches!(new, Trouble::Lost(_)) {
                *noted = Some(new);
            }
        };
        let trouble = self.trouble.clone();
        self.device.set_device_lost_callback(move |reason, text| {
            let text = if text.is_empty() { format!("{reason:?}") } else { text };
            note(&trouble, Trouble::Lost(text));
        });
        let trouble = self.trouble.clone();
        self.device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            note(&trouble, Trouble::Refused(error.to_string()));
        }));
    }
}

/// wgpu's own `initialize_adapter_from_env` panics at a name that no adapter has.
async fn adapter(
    instance: &wgpu::Instance,
    surface: Option<&wgpu::Surface<'_>>,
) -> Result<wgpu::Adapter> {
    let none = |reason: String, remedy: &str| {
        Error::Crate(wgpu_relu::Error::NoAdapter { reason, remedy: remedy.to_owned() })
    };
    if let Some(name) = std::env::var("WGPU_ADAPTER_NAME").ok().filter(|name| !name.is_empty()) {
        let wanted = name.to_lowercase();
        let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let found: Vec<_> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
        let fits = |adapter: &wgpu::Adapter| {
            adapter.get_info().name.to_lowercase().contains(&wanted)
                && surface.is_none_or(|surface| adapter.is_surface_supported(surface))
        };
        return adapters.into_iter().find(fits).ok_or_else(|| {
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            none(
                format!("none that draws here has {name:?} in its name; found {found}"),
                "name another one, or leave WGPU_ADAPTER_NAME unset",
            )
        });
    }
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::from_env()
            .unwrap_or(wgpu::PowerPreference::HighPerformance),
        compatible_surface: surface,
        ..Default::default()
    };
    instance.request_adapter(&options).await.map_err(|error| {
        none(
            error.to_string(),
            "install your GPU's driver, or a software one (mesa-vulkan-drivers in Debian, Ubuntu and Fedora); \
             `cargo run --example devices` lists what there is",
        )
    })
}
