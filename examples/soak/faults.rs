//! The steps with faults. The call at fault returns its typed error, and the device still works.

use std::io::{Error as IoError, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

use wgpu_relu::wgpu::BufferUsages as Usage;
use wgpu_relu::{Error, Gpu, GpuRelu, wgpu};

use super::device::Device;
use super::steps::{Random, equal, length, whole};
use super::{Outcome, message};

/// The label of an embedder's mistake, which wgpu puts into its error.
pub(super) const MISTAKE: &str = "the soak's mistake";

fn refused<T>(what: &str, result: Result<T, Error>, is_right: impl Fn(&Error) -> bool) -> Outcome {
    match result {
        Err(error) if is_right(&error) => Ok(()),
        Err(error) => Err(format!("{what} gave another error: {error}")),
        Ok(_) => Err(format!("{what} gave no error")),
    }
}

/// The device still computes.
fn works(gpu: &Gpu, random: Random<'_>) -> Outcome {
    let length = length(random);
    let x = whole(length, random);
    let expected: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    let y = GpuRelu::new(gpu).apply(&gpu.upload(&x).map_err(message)?).map_err(message)?;
    equal("afterwards", &gpu.download(&y).map_err(message)?, &expected)
}

pub(super) fn dropped_download(device: &Device, random: Random<'_>) -> Outcome {
    let buffer = device.gpu.upload(&vec![1.0; length(random)]).map_err(message)?;
    drop(device.gpu.download_async(&buffer));
    works(&device.gpu, random)
}

/// A destroyed buffer, a mapped buffer, and a buffer without the needed usage.
pub(super) fn refused_buffers(device: &Device, random: Random<'_>) -> Outcome {
    let (gpu, relu) = (&device.gpu, GpuRelu::new(&device.gpu));
    let destroyed = gpu.upload(&[1.0; 8]).map_err(message)?;
    destroyed.destroy();
    let is_refused = |error: &Error| matches!(error, Error::Refused { .. });
    refused("a destroyed buffer", relu.apply(&destroyed), is_refused)?;
    let made = |usage, mapped_at_creation| {
        gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 32,
            usage,
            mapped_at_creation,
        })
    };
    refused("a mapped buffer", relu.apply(&made(Usage::STORAGE, true)), is_refused)?;
    let lacks = |error: &Error| matches!(error, Error::MissingUsage { .. });
    refused("a buffer without STORAGE", relu.apply(&made(Usage::COPY_SRC, false)), lacks)?;
    works(gpu, random)
}

/// An embedder's mistake reaches his handler, and no call of the crate.
pub(super) fn embedders_mistake(device: &Device, random: Random<'_>) -> Outcome {
    device.mistakes.fetch_add(1, Ordering::SeqCst);
    drop(device.gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some(MISTAKE),
        size: 4,
        usage: Usage::empty(),
        mapped_at_creation: false,
    }));
    works(&device.gpu, random)
}

pub(super) fn panicking_callback(device: &Device, random: Random<'_>) -> Outcome {
    // `resume_unwind` does not call the panic hook, which would print the panic. wgpu may call the callback at once.
    let work = || {
        device.gpu.queue().on_submitted_work_done(|| resume_unwind(Box::new("the soak's panic")))
    };
    let _ = catch_unwind(AssertUnwindSafe(work));
    works(&device.gpu, random)
}

/// Reads this many bytes and then fails.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.min(buffer.len());
        buffer[..count].fill(0);
        self.0 -= count;
        if count == 0 { Err(IoError::other("the soak's reader fails")) } else { Ok(count) }
    }
}

pub(super) fn failing_reader(device: &Device, random: Random<'_>) -> Outcome {
    let (relu, bytes) = (GpuRelu::new(&device.gpu), 4 * length(random));
    let mut written = Vec::new();
    let result =
        relu.stream().chunk(1 + random() as usize % 500).pipe(Failing(bytes), &mut written);
    refused("a failing reader", result, |error| {
        error.to_string().contains("the soak's reader fails")
    })?;
    if written.len() > bytes || written.iter().any(|byte| *byte != 0) {
        return Err("the bytes written are not the first results".to_owned());
    }
    works(&device.gpu, random)
}

/// Loses a device of its own; a new one then works.
pub(super) fn lost_device(_: &Device, random: Random<'_>) -> Outcome {
    let gpu = Gpu::new().map_err(message)?;
    let x = gpu.upload(&[1.0; 100]).map_err(message)?;
    let waiting = gpu.download_async(&x);
    gpu.device().destroy();
    let is_lost = |error: &Error| matches!(error, Error::DeviceLost { .. });
    match pollster::block_on(waiting) {
        Ok(numbers) => equal("a download under way", &numbers, &[1.0; 100])?,
        error => refused("a download under way", error, is_lost)?,
    }
    refused("a lost device", GpuRelu::new(&gpu).apply(&x), is_lost)?;
    refused("a lost device", gpu.upload(&[1.0]), is_lost)?;
    works(&Gpu::new().map_err(message)?, random)
}
