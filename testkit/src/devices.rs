//! The machine's adapters, and the one that is taken: for the example `devices` and `wgpu-relu devices`.

use std::fmt::Write;

use wgpu_relu::{Gpu, GpuOptions, Result, wgpu};

/// An adapter, as it describes itself.
pub struct Found {
    pub info: wgpu::AdapterInfo,
    pub limits: wgpu::Limits,
    pub taken: bool,
}

/// All adapters of the backends in `options`, or of all backends, and the device that `options` open.
pub fn adapters(options: &GpuOptions) -> (Vec<Found>, Result<Gpu>) {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let all = wgpu::Backends::all().difference(wgpu::Backends::NOOP);
    descriptor.backends = options.backends.or_else(wgpu::Backends::from_env).unwrap_or(all);
    let backends = descriptor.backends;
    let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
    let gpu = pollster::block_on(Gpu::request(options));
    let mut wanted = gpu.as_ref().ok().map(Gpu::adapter_info);
    let found = adapters
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            // The first of several adapters with the same description.
            let taken = wanted.as_ref() == Some(&info);
            if taken {
                wanted = None;
            }
            Found { info, limits: adapter.limits(), taken }
        })
        .collect();
    (found, gpu)
}

/// One paragraph per adapter.
pub fn text(found: &[Found]) -> String {
    let mut text = String::new();
    for (index, Found { info, limits, taken }) in found.iter().enumerate() {
        let mark = if *taken { "  (taken)" } else { "" };
        let driver = format!("{} {}", info.driver, info.driver_info);
        let _ = write!(
            text,
            "#{index} {}{mark}\n  \
               type       {}\n  \
               IDs        {:04x}:{:04x}{}{}\n  \
               backend    {}\n  \
               driver     {}\n  \
               buffers    up to {}, bindings up to {}\n  \
               workgroups up to {} invocations, {} workgroups a dimension\n",
            info.name,
            kind(info.device_type),
            info.vendor,
            info.device,
            if info.device_pci_bus_id.is_empty() { "" } else { ", PCI " },
            info.device_pci_bus_id,
            info.backend,
            if driver.trim().is_empty() { "not told" } else { driver.trim() },
            mebibytes(limits.max_buffer_size),
            mebibytes(limits.max_storage_buffer_binding_size),
            limits.max_compute_invocations_per_workgroup,
            limits.max_compute_workgroups_per_dimension,
        );
    }
    text
}

/// The kind of adapter in words.
pub fn kind(kind: wgpu::DeviceType) -> &'static str {
    match kind {
        wgpu::DeviceType::DiscreteGpu => "discrete GPU",
        wgpu::DeviceType::IntegratedGpu => "integrated GPU",
        wgpu::DeviceType::VirtualGpu => "virtual GPU",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "not told",
    }
}

/// `max_buffer_size` may be a whole number of MiB less 1 byte.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", (bytes >> 20).saturating_add(bytes >> 19 & 1))
}
