//! The adapter that the command line names.

use clap::ValueEnum;
use serde::Serialize;
use testkit::devices;
use wgpu_relu::{Activation, Gpu, GpuOptions, wgpu};

/// The options that all commands share.
#[derive(clap::Args)]
pub(crate) struct Choice {
    /// A part of the adapter's name, its number (#1), its PCI bus ID or vendor:device in hexadecimal; else the best one
    /// (`wgpu-relu devices` lists them)
    #[arg(long, global = true, value_name = "NAME", help_heading = "Adapter")]
    adapter: Option<String>,
    /// The graphics API to reach it by; else any
    #[arg(long, global = true, help_heading = "Adapter")]
    backend: Option<Backend>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Backend {
    Vulkan,
    Metal,
    Dx12,
    Gl,
}

impl Choice {
    pub(crate) fn options(&self) -> GpuOptions {
        let backends = self.backend.map(|backend| match backend {
            Backend::Vulkan => wgpu::Backends::VULKAN,
            Backend::Metal => wgpu::Backends::METAL,
            Backend::Dx12 => wgpu::Backends::DX12,
            Backend::Gl => wgpu::Backends::GL,
        });
        GpuOptions { backends, adapter_name: self.adapter.clone(), ..Default::default() }
    }

    pub(crate) fn open(&self) -> wgpu_relu::Result<Gpu> {
        pollster::block_on(Gpu::request(&self.options()))
    }
}

/// An adapter's name in the JSON files.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Name {
    pub(crate) name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) backend: String,
    driver: String,
    driver_info: String,
}

impl From<&wgpu::AdapterInfo> for Name {
    fn from(info: &wgpu::AdapterInfo) -> Self {
        Name {
            name: info.name.clone(),
            kind: devices::kind(info.device_type),
            backend: info.backend.to_string(),
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}, {}", self.name, self.backend, self.kind)
    }
}

/// An activation as text, with the parameters that are not the defaults.
pub(crate) fn short(activation: Activation) -> String {
    let usual = Activation::ALL.contains(&activation);
    if usual { activation.name().to_owned() } else { activation.to_string() }
}
