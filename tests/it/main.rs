//! Tests on a device. `Gpu::new()` picks it, so `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` choose the driver. A machine
//! without a device fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod activations;
mod callbacks;
mod crelu;
mod errors;
mod exhaustive;
mod extremes;
mod fused;
mod glu;
mod halves;
mod harness;
mod harness_catches;
#[cfg(feature = "init")]
mod init;
mod launcher;
mod limits;
mod lost;
mod middleware;
mod naive;
mod noop;
mod operators;
mod prelu;
mod prewarm;
mod properties;
#[rustfmt::skip]
mod public_names;
mod recycle;
mod same_bits;
mod semantics;
mod stream;
mod strides;
mod texture;
mod transfer;
mod units;
mod vectors;
mod wgsl;

use std::sync::OnceLock;

use testkit::inputs::random_words;
use wgpu_relu::Gpu;

/// The device all tests share.
fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let gpu = Gpu::new().expect("the tests need an adapter; `cargo xtask test` installs one");
        println!("running on {gpu:?}");
        gpu
    })
}

/// An instance for the environment's backend. On OpenGL all devices of one instance share a context, which only one
/// thread may use. So parallel tests need one instance each.
fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env())
}

/// A device of the test's own, on the same adapter, with limits of its choice.
fn own_device(change: impl Fn(&mut wgpu::Limits)) -> (wgpu::Device, wgpu::Queue) {
    device_on(&instance(), change)
}

fn device_on(
    instance: &wgpu::Instance,
    change: impl Fn(&mut wgpu::Limits),
) -> (wgpu::Device, wgpu::Queue) {
    device_with(instance, wgpu::Features::empty(), change)
}

/// The same with the features among `features` that the adapter has.
fn device_with(
    instance: &wgpu::Instance,
    features: wgpu::Features,
    change: impl Fn(&mut wgpu::Limits),
) -> (wgpu::Device, wgpu::Queue) {
    let wanted = gpu().adapter_info();
    let backends = wgpu::Backends::from(wanted.backend);
    let adapter = pollster::block_on(instance.enumerate_adapters(backends))
        .into_iter()
        .find(|adapter| adapter.get_info().name == wanted.name)
        .expect("the adapter is still there");
    let mut limits = adapter.limits();
    change(&mut limits);
    let descriptor = wgpu::DeviceDescriptor {
        required_limits: limits,
        required_features: features & adapter.features(),
        ..Default::default()
    };
    pollster::block_on(adapter.request_device(&descriptor)).expect("a second device")
}

/// A buffer with the given bits and usages, made without the crate.
fn raw_buffer(device: &wgpu::Device, usage: wgpu::BufferUsages, words: &[u32]) -> wgpu::Buffer {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * words.len() as u64,
        usage,
        mapped_at_creation: true,
    });
    buffer.get_mapped_range_mut(..).unwrap().copy_from_slice(bytemuck::cast_slice(words));
    buffer.unmap();
    buffer
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
