//! One device for all contenders. Burn and wgpu-relu adopt it.

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuSetup;
use wgpu_relu::Gpu;

use crate::Outcome;

/// The device, as each side sees it.
pub(crate) struct Shared {
    pub(crate) gpu: Gpu,
    pub(crate) burn: Device,
}

/// Opens the adapter that wgpu-relu would open, with the features that Burn asks for.
pub(crate) fn open() -> Outcome<Shared> {
    let own = Gpu::new()?;
    let wanted = own.adapter_info();
    // Burn also needs the adapter and its instance, which a `Gpu` does not give.
    let instance =
        wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        info.name == wanted.name && info.backend == wanted.backend && info.device == wanted.device
    };
    let adapter = adapters
        .into_iter()
        .find(same)
        .ok_or_else(|| format!("the adapter {} is there once, but not twice", wanted.name))?;
    let not_mappable = adapter.features() - wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    let required_features =
        own.device().features() | (not_mappable - wgpu::Features::all_experimental_mask());
    let request = adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("peers"),
        required_features,
        required_limits: adapter.limits(),
        ..Default::default()
    });
    let (device, queue) = pollster::block_on(request)?;
    let gpu = Gpu::from_device(&device, &queue);
    let setup = WgpuSetup { instance, adapter, device, queue, backend: wanted.backend };
    Ok(Shared { gpu, burn: Device::wgpu_options().setup(setup).init()? })
}
