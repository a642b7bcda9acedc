//! Choosing an adapter and opening a device on it.

use crate::error::{Error, Result};

/// Chooses the adapter that [`Gpu::request`](crate::Gpu::request) opens.
///
/// A field at its default is replaced by wgpu's environment variable. If that is not set either, the best adapter is
/// taken.
///
/// ```
/// # async fn example() -> Result<(), wgpu_relu::Error> {
/// use wgpu_relu::{Gpu, GpuOptions};
///
/// let options = GpuOptions { adapter_name: Some("llvmpipe".into()), ..Default::default() };
/// let gpu = Gpu::request(&options).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct GpuOptions {
    /// The backends to search; else `WGPU_BACKEND`, else all that are compiled in.
    pub backends: Option<wgpu::Backends>,
    /// A part of the adapter's name, in any case; else `WGPU_ADAPTER_NAME`, else any. It has no effect in a browser,
    /// which tells no names.
    pub adapter_name: Option<String>,
    /// Low power puts integrated adapters before discrete ones; else `WGPU_POWER_PREF`, else high
    /// performance.
    pub power_preference: Option<wgpu::PowerPreference>,
    /// Features the device must have for the caller's own work; the crate itself needs none.
    pub features: wgpu::Features,
}

impl GpuOptions {
    #[cfg(not(target_arch = "wasm32"))]
    fn wanted_name(&self) -> Option<String> {
        let name = self.adapter_name.clone().or_else(|| std::env::var("WGPU_ADAPTER_NAME").ok());
        name.filter(|name| !name.is_empty())
    }

    fn instance(&self) -> Result<wgpu::Instance> {
        if wgpu::Instance::enabled_backend_features().is_empty() {
            return Err(Error::NoAdapter {
                reason: "no backend of wgpu is compiled in for this platform".to_owned(),
                remedy: "enable a backend feature of wgpu-relu, such as vulkan, metal or dx12"
                    .to_owned(),
            });
        }
        let backends = self.wanted_backends();
        if backends.is_empty() {
            return Err(Error::NoAdapter {
                reason: "WGPU_BACKEND or GpuOptions::backends names no backend".to_owned(),
                remedy: "name vulkan, metal, dx12 or gl, or leave both unset".to_owned(),
            });
        }
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        descriptor.backends = backends;
        Ok(wgpu::Instance::new(descriptor))
    }

    fn wanted_backends(&self) -> wgpu::Backends {
        let set = std::env::var("WGPU_BACKEND").is_ok_and(|backends| !backends.is_empty());
        self.backends
            .or_else(|| if set { wgpu::Backends::from_env() } else { None })
            // The no-op backend runs no shader, so it is taken only on request.
            .unwrap_or(wgpu::Backends::all().difference(wgpu::Backends::NOOP))
    }
}

/// Opens the device of the best adapter: discrete before integrated before software.
pub(crate) async fn open(options: &GpuOptions) -> Result<(wgpu::Device, wgpu::Queue)> {
    let adapters = candidates(options).await?;
    let mut first_failure = None;
    for adapter in adapters {
        let info = adapter.get_info();
        let required_features = options.features | (wanted_features(&info) & adapter.features());
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("wgpu-relu"),
            required_features,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        match adapter.request_device(&descriptor).await {
            Ok(opened) => return Ok(opened),
            Err(error) => {
                first_failure.get_or_insert(Error::NoDevice {
                    adapter: info.name,
                    reason: error.to_string(),
                });
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| none(String::from("none was found"))))
}

/// Features that make operations faster: caches of pipelines, and on CPU adapters 64-bit integers and data buffers that
/// can be mapped. Mappable buffers cost nothing if all memory is the CPU's, but are slow across a bus.
pub(crate) fn wanted_features(info: &wgpu::AdapterInfo) -> wgpu::Features {
    use wgpu::Features;
    let of_cpus = match info.device_type {
        wgpu::DeviceType::Cpu => Features::MAPPABLE_PRIMARY_BUFFERS | Features::SHADER_INT64,
        _ => Features::empty(),
    };
    Features::PIPELINE_CACHE | of_cpus
}

/// The adapters that fit, best first; never empty.
#[cfg(not(target_arch = "wasm32"))]
async fn candidates(options: &GpuOptions) -> Result<Vec<wgpu::Adapter>> {
    let instance = options.instance()?;
    let backends = options.wanted_backends();
    let mut adapters = instance.enumerate_adapters(backends).await;
    let found: Vec<String> = adapters.iter().map(|adapter| describe(&adapter.get_info())).collect();
    adapters.retain(|adapter| {
        let flags = adapter.get_downlevel_capabilities().flags;
        flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
    });
    let wanted = options.wanted_name();
    if let Some(name) = &wanted {
        let name = name.to_lowercase();
        adapters.retain(|adapter| adapter.get_info().name.to_lowercase().contains(&name));
    }
    if adapters.is_empty() {
        if let (Some(name), false) = (&wanted, found.is_empty()) {
            return Err(Error::NoAdapter {
                reason: format!("no adapter's name contains {name:?}; found {}", found.join(", ")),
                remedy: "name one of these, or leave WGPU_ADAPTER_NAME and \
                         GpuOptions::adapter_name unset"
                    .to_owned(),
            });
        }
        let looked_for =
            wanted.map_or(String::new(), |name| format!(" whose name contains {name:?}"));
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        return Err(none(format!(
            "looked on {} for an adapter with compute shaders{looked_for}, and found {found}",
            backends.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
        )));
    }
    let power = options.power_preference.or_else(wgpu::PowerPreference::from_env);
    adapters.sort_by_key(|adapter| rank(&adapter.get_info(), power));
    Ok(adapters)
}

#[cfg(target_arch = "wasm32")]
async fn candidates(options: &GpuOptions) -> Result<Vec<wgpu::Adapter>> {
    let request = wgpu::RequestAdapterOptions {
        power_preference: options
            .power_preference
            .unwrap_or(wgpu::PowerPreference::HighPerformance),
        ..Default::default()
    };
    let adapter = options.instance()?.request_adapter(&request).await;
    adapter.map(|adapter| vec![adapter]).map_err(|error| none(error.to_string()))
}

fn none(reason: String) -> Error {
    let remedy = if cfg!(target_arch = "wasm32") {
        "use a browser with WebGPU, and a page served over https or from localhost"
    } else if cfg!(target_os = "linux") {
        "install your GPU's Vulkan driver, or a software one: apt-get install mesa-vulkan-drivers \
         (Debian, Ubuntu), dnf install mesa-vulkan-drivers (Fedora), pacman -S vulkan-swrast (Arch), \
         apk add mesa-vulkan-swrast vulkan-loader (Alpine)"
    } else if cfg!(target_os = "macos") {
        "Metal comes with macOS 10.13 and later; build with the metal feature"
    } else if cfg!(target_os = "windows") {
        "update the GPU's driver, or use the software adapter WARP that comes with Windows 10 and \
         later; build with the dx12 or vulkan feature"
    } else {
        "install a Vulkan driver"
    };
    Error::NoAdapter { reason, remedy: remedy.to_owned() }
}

/// Sort key: the smaller, the better.
#[cfg(not(target_arch = "wasm32"))]
fn rank(info: &wgpu::AdapterInfo, power: Option<wgpu::PowerPreference>) -> (u8, u8) {
    use wgpu::{Backend, DeviceType};
    let low_power = power == Some(wgpu::PowerPreference::LowPower);
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => 1,
        DeviceType::IntegratedGpu if low_power => 0,
        DeviceType::IntegratedGpu => 2,
        DeviceType::VirtualGpu => 3,
        // OpenGL often cannot tell.
        DeviceType::Other => 4,
        DeviceType::Cpu => 5,
    };
    let backend = match info.backend {
        Backend::Noop => 2,
        Backend::Gl => 1,
        _ => 0,
    };
    (kind, backend)
}

#[cfg(not(target_arch = "wasm32"))]
fn describe(info: &wgpu::AdapterInfo) -> String {
    format!("{} ({:?}, {:?})", info.name, info.backend, info.device_type)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use wgpu::{Backend, DeviceType, PowerPreference};

    fn order(
        mut kinds: Vec<(DeviceType, Backend)>,
        power: Option<PowerPreference>,
    ) -> Vec<DeviceType> {
        kinds.sort_by_key(|&(kind, backend)| rank(&wgpu::AdapterInfo::new(kind, backend), power));
        kinds.into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn discrete_comes_first_and_software_last() {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other};
        let all = vec![
            (Cpu, Backend::Vulkan),
            (Other, Backend::Gl),
            (IntegratedGpu, Backend::Vulkan),
            (DiscreteGpu, Backend::Gl),
        ];
        assert_eq!(order(all.clone(), None), [DiscreteGpu, IntegratedGpu, Other, Cpu]);
        assert_eq!(
            order(all, Some(PowerPreference::LowPower)),
            [IntegratedGpu, DiscreteGpu, Other, Cpu]
        );
    }

    #[test]
    fn an_unknown_name_is_told_with_a_remedy() {
        let options =
            GpuOptions { adapter_name: Some("no such adapter".into()), ..Default::default() };
        let error = pollster::block_on(open(&options)).unwrap_err();
        assert!(matches!(error, Error::NoAdapter { .. }), "{error}");
        assert!(error.to_string().contains("no such adapter"), "{error}");
    }
}
