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
    /// A part of the adapter's name, in any case. Or, where names are not enough, its number in the list of `wgpu-relu devices`
    /// (`"#1"`), its PCI bus ID (`"0000:01:00.0"`), or its vendor and device ID in hexadecimal (`"10de:2330"`). Else
    /// `WGPU_ADAPTER_NAME`, else any. Without effect in a browser, which tells no names.
    pub adapter_name: Option<String>,
    /// Low power puts integrated adapters before discrete ones; else `WGPU_POWER_PREF`, else high
    /// performance.
    pub power_preference: Option<wgpu::PowerPreference>,
    /// Features the device must have for the caller's own work; the crate itself needs none.
    pub features: wgpu::Features,
    /// Whether a software adapter is refused, so that there is an error where no GPU can be opened. Without effect in a
    /// browser.
    pub no_software: bool,
}

impl GpuOptions {
    #[cfg(not(target_arch = "wasm32"))]
    fn wanted_name(&self) -> Option<String> {
        let name = self.adapter_name.clone().or_else(|| std::env::var("WGPU_ADAPTER_NAME").ok());
        name.filter(|name| !name.is_empty())
    }

    /// The instance of some of the backends to search.
    fn instance(&self, among: wgpu::Backends) -> Result<wgpu::Instance> {
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
        Ok(shared_instance(backends & among))
    }

    fn wanted_backends(&self) -> wgpu::Backends {
        let set = std::env::var("WGPU_BACKEND").is_ok_and(|backends| !backends.is_empty());
        self.backends
            .or_else(|| if set { wgpu::Backends::from_env() } else { None })
            // The no-op backend runs no shader, so it is taken only on request.
            .unwrap_or(wgpu::Backends::all().difference(wgpu::Backends::NOOP))
    }
}

fn new_instance(backends: wgpu::Backends) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = backends;
    wgpu::Instance::new(descriptor)
}

/// One instance per process and set of backends: wgpu notices a buffer of another device only within an instance. Not for
/// OpenGL, where all devices of an instance wait for one context, and wgpu panics after a second.
#[cfg(not(target_arch = "wasm32"))]
fn shared_instance(backends: wgpu::Backends) -> wgpu::Instance {
    use std::sync::{Mutex, PoisonError};
    static INSTANCES: Mutex<Vec<(wgpu::Backends, wgpu::Instance)>> = Mutex::new(Vec::new());
    if backends.contains(wgpu::Backends::GL) {
        return new_instance(backends);
    }
    let mut instances = INSTANCES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, instance)) = instances.iter().find(|(of, _)| *of == backends) {
        return instance.clone();
    }
    let instance = new_instance(backends);
    instances.push((backends, instance.clone()));
    instance
}

/// A browser has one anyway.
#[cfg(target_arch = "wasm32")]
fn shared_instance(backends: wgpu::Backends) -> wgpu::Instance {
    new_instance(backends)
}

/// A device that was opened, and why better adapters were not.
pub(crate) struct Opened {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) skipped: Vec<Error>,
}

/// Opens the best adapter's device: discrete before integrated before software.
pub(crate) async fn open(options: &GpuOptions) -> Result<Opened> {
    let adapters = candidates(options).await?;
    let mut skipped = Vec::new();
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
            Ok((device, queue)) => return Ok(Opened { device, queue, skipped }),
            Err(error) => {
                skipped.push(Error::NoDevice { adapter: info.name, reason: error.to_string() });
            }
        }
    }
    Err(skipped.into_iter().next().unwrap_or_else(|| none(String::from("none was found"))))
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
    let backends = options.wanted_backends();
    let (gl, others) = (wgpu::Backends::GL, wgpu::Backends::GL.complement());
    let power = match options.power_preference {
        None => power_preference(std::env::var("WGPU_POWER_PREF").ok().as_deref())?,
        given => given,
    };
    let mut all = options.instance(others)?.enumerate_adapters(backends & others).await;
    if backends.contains(gl) {
        all.extend(options.instance(gl)?.enumerate_adapters(gl).await);
    }
    let found: Vec<String> =
        (0..).zip(&all).map(|(index, adapter)| describe(index, &adapter.get_info())).collect();
    let wanted = options.wanted_name();
    let fits = |index: usize, adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        let flags = adapter.get_downlevel_capabilities().flags;
        flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            && wanted.as_ref().is_none_or(|wanted| is_named(wanted, index, &info))
    };
    let fitting = all.into_iter().enumerate().filter(|(index, adapter)| fits(*index, adapter));
    let mut adapters: Vec<wgpu::Adapter> = fitting.map(|(_, adapter)| adapter).collect();
    if options.no_software && !adapters.is_empty() {
        adapters.retain(|adapter| adapter.get_info().device_type != wgpu::DeviceType::Cpu);
        if adapters.is_empty() {
            return Err(Error::NoAdapter {
                reason: format!("GpuOptions::no_software is set; found {}", found.join(", ")),
                remedy: "install a GPU's driver, or allow software".to_owned(),
            });
        }
    }
    if adapters.is_empty() {
        if let (Some(name), false) = (&wanted, found.is_empty()) {
            return Err(Error::NoAdapter {
                reason: format!("no adapter's name contains {name:?}; found {}", found.join(", ")),
                remedy: "name one of these by name or number, or leave WGPU_ADAPTER_NAME and \
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
    let adapter = options.instance(wgpu::Backends::all())?.request_adapter(&request).await;
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

/// Whether `wanted` names the adapter with this number: by number, PCI bus ID, vendor and device ID, or a part of its name.
#[cfg(not(target_arch = "wasm32"))]
fn is_named(wanted: &str, index: usize, info: &wgpu::AdapterInfo) -> bool {
    if let Some(number) = wanted.strip_prefix('#') {
        return number.parse() == Ok(index);
    }
    let hexadecimal = |text| u32::from_str_radix(text, 16).ok();
    let ids = wanted.split_once(':').map(|(vendor, device)| [vendor, device].map(hexadecimal));
    ids == Some([Some(info.vendor), Some(info.device)])
        || info.device_pci_bus_id.eq_ignore_ascii_case(wanted)
        || info.name.to_lowercase().contains(&wanted.to_lowercase())
}

/// What `WGPU_POWER_PREF` says. wgpu itself ignores a value that it does not know.
#[cfg(not(target_arch = "wasm32"))]
fn power_preference(value: Option<&str>) -> Result<Option<wgpu::PowerPreference>> {
    match value.unwrap_or_default().to_lowercase().as_str() {
        "" => Ok(None),
        "low" => Ok(Some(wgpu::PowerPreference::LowPower)),
        "high" => Ok(Some(wgpu::PowerPreference::HighPerformance)),
        "none" => Ok(Some(wgpu::PowerPreference::None)),
        other => Err(Error::NoAdapter {
            reason: format!("WGPU_POWER_PREF is {other:?}, which means nothing"),
            remedy: "set it to low, high or none, or leave it unset".to_owned(),
        }),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn describe(index: usize, info: &wgpu::AdapterInfo) -> String {
    format!("#{index} {} ({:?}, {:?})", info.name, info.backend, info.device_type)
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
    #[cfg_attr(miri, ignore = "it loads the driver's library")]
    fn an_unknown_name_is_told_with_a_remedy() {
        let options =
            GpuOptions { adapter_name: Some("no such adapter".into()), ..Default::default() };
        let error = pollster::block_on(open(&options)).err().expect("an error");
        assert!(matches!(error, Error::NoAdapter { .. }), "{error}");
        assert!(error.to_string().contains("no such adapter"), "{error}");
    }

    #[test]
    fn adapters_of_one_name_are_told_apart() {
        let mut info = wgpu::AdapterInfo::new(DeviceType::DiscreteGpu, Backend::Vulkan);
        info.name = "NVIDIA H100".into();
        (info.vendor, info.device) = (0x10de, 0x2330);
        info.device_pci_bus_id = "0000:0A:00.0".into();
        for wanted in ["#3", "10de:2330", "10DE:2330", "0000:0a:00.0", "h100"] {
            assert!(is_named(wanted, 3, &info), "{wanted}");
        }
        for wanted in ["#2", "#", "#x", "10de:2331", "0000:0b:00.0", "a100", ":"] {
            assert!(!is_named(wanted, 3, &info), "{wanted}");
        }
    }

    #[test]
    fn a_power_preference_that_means_nothing_is_told() {
        assert_eq!(power_preference(None), Ok(None));
        assert_eq!(power_preference(Some("")), Ok(None));
        assert_eq!(power_preference(Some("Low")), Ok(Some(PowerPreference::LowPower)));
        let error = power_preference(Some("fast")).unwrap_err().to_string();
        assert!(
            error.contains("WGPU_POWER_PREF is \"fast\"") && error.contains("low, high or none"),
            "{error}"
        );
    }
}
