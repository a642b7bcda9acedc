//! The device that all checks share, and a count of the errors that reach its handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wgpu_relu::wgpu;
use wgpu_relu::{Gpu, GpuOptions};

use crate::{Outcome, alone, hold};

/// A browser's device.
pub(crate) struct Device {
    pub(crate) gpu: Gpu,
    /// Arithmetic takes subnormal numbers for 0.
    pub(crate) flushes: bool,
    errors: Arc<AtomicUsize>,
}

impl Device {
    pub(crate) async fn open() -> Outcome<Self> {
        let gpu = Gpu::request(&GpuOptions::default()).await?;
        let errors = count(gpu.device());
        let mut device = Device { gpu, flushes: false, errors };
        let double = "fn activate(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> { return x * p; }
            fn activate_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> { return p; }";
        let [doubled, two] = alone::run(&device, double, [2.0; 4], &[1e-40]).await?;
        hold(two == [2.0], || format!("a kernel that writes 2 writes {two:?}"))?;
        device.flushes = doubled == [0.0];
        Ok(device)
    }

    /// The number of errors that have reached the handler.
    pub(crate) fn uncaptured(&self) -> usize {
        self.errors.load(Ordering::Relaxed)
    }
}

/// Counts and prints the errors of a device.
fn count(device: &wgpu::Device) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        crate::say(&format!("uncaptured: {error}"));
        seen.fetch_add(1, Ordering::Relaxed);
    }));
    count
}

/// Tests the test: an error on a device is counted before a later download has arrived.
pub(crate) async fn errors_are_seen() -> Outcome {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = instance.request_adapter(&Default::default()).await?;
    // scripts/browser/crate.mjs knows this mistake by the label, because browsers change their words for it.
    let label = Some("mistaken on purpose");
    let descriptor = wgpu::DeviceDescriptor { label, ..Default::default() };
    let (device, queue) = adapter.request_device(&descriptor).await?;
    let gpu = Gpu::from_device(&device, &queue);
    let errors = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&errors);
    let count = move |_: wgpu::Error| {
        seen.fetch_add(1, Ordering::Relaxed);
    };
    gpu.device().on_uncaptured_error(Arc::new(count));
    // A buffer cannot be mapped and be storage as well.
    let _refused = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let buffer = gpu.upload(&[1.0])?;
    gpu.download_async(&buffer).await?;
    let errors = errors.load(Ordering::Relaxed);
    hold(errors == 1, || format!("{errors} errors were seen, not the one there was"))
}
