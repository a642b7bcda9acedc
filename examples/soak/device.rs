//! A device as an embedder has one: with a handler of its own for errors, and with counters that are read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wgpu_relu::{Activation, Gpu, GpuRelu, wgpu};

use super::{Outcome, faults, message};

pub(super) struct Device {
    pub(super) gpu: Gpu,
    /// Whether it takes subnormal numbers for 0.
    pub(super) flushes: bool,
    /// The mistakes that steps have made for the handler.
    pub(super) mistakes: AtomicU64,
    handled: Arc<Handled>,
}

/// The errors that have reached the handler.
#[derive(Default)]
struct Handled {
    mistakes: AtomicU64,
    others: Mutex<Vec<String>>,
}

impl Device {
    pub(super) fn new() -> Outcome<Self> {
        let gpu = Gpu::new().map_err(message)?;
        let handled = Arc::new(Handled::default());
        let handler = Arc::clone(&handled);
        gpu.device().on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let error = error.to_string();
            if error.contains(faults::MISTAKE) {
                handler.mistakes.fetch_add(1, Ordering::SeqCst);
            } else {
                handler.others.lock().unwrap_or_else(PoisonError::into_inner).push(error);
            }
        }));
        let double = Activation::LeakyRelu { negative_slope: 2.0 };
        let doubled = GpuRelu::with_activation(&gpu, double)
            .and_then(|operator| operator.forward(&[-1e-40]))
            .map_err(message)?;
        Ok(Device { gpu, flushes: doubled == [0.0], mistakes: AtomicU64::new(0), handled })
    }

    /// The numbers of buffers, bind groups and textures that exist once everything submitted has ended.
    pub(super) fn objects(&self) -> Outcome<[isize; 3]> {
        self.gpu.trim();
        // The callback of a step may be called here, and panic. Then the second poll finishes the work.
        let poll = || self.gpu.device().poll(wgpu::PollType::wait_indefinitely());
        let polled =
            catch_unwind(AssertUnwindSafe(poll)).or_else(|_| catch_unwind(AssertUnwindSafe(poll)));
        polled.map_err(|_| "a poll panicked twice")?.map_err(message)?;
        let counters = self.gpu.device().get_internal_counters().hal;
        Ok([&counters.buffers, &counters.bind_groups, &counters.textures].map(|c| c.read()))
    }

    /// The handler got each mistake of the steps and nothing else.
    pub(super) fn check_handler(&self) -> Outcome {
        let others = self.handled.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = others.first() {
            return Err(format!("an error of the crate reached the embedder's handler: {error}"));
        }
        let made = self.mistakes.load(Ordering::SeqCst);
        let handled = self.handled.mistakes.load(Ordering::SeqCst);
        if made != handled {
            return Err(format!("{made} mistakes were made, and {handled} reached the handler"));
        }
        Ok(())
    }
}
