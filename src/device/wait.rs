//! Waiting for the device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::device::error_scope::{check_lost, poll};
use crate::error::{Error, Result};

/// Whether everything is done that had been submitted when this was made.
#[derive(Debug, Clone)]
pub(crate) struct Done(Arc<AtomicBool>);

impl Done {
    pub(crate) fn of(queue: &wgpu::Queue) -> Self {
        /// After a panic in one callback wgpu drops the others that were due, so this counts as one that ran.
        struct Told(Arc<AtomicBool>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let done = Arc::new(AtomicBool::new(false));
        let told = Told(Arc::clone(&done));
        queue.on_submitted_work_done(move || drop(told));
        Done(done)
    }

    fn is_true(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Panics that one wait sits out. Each is a callback's, unless wgpu itself can do nothing else.
const PANICS: usize = 10_000;

/// Waits until the work is done.
///
/// wgpu holds its locks while it waits, and every submit of another thread waits as long. And a wait with a timeout may fail an
/// assertion of wgpu when another thread polls. So this polls and sleeps, for an eighth of the time that has passed: that
/// lengthens a wait by little, and costs a long one little processor time.
pub(crate) fn wait(device: &wgpu::Device, done: &Done, doing: &'static str) -> Result<()> {
    const SHORTEST: Duration = Duration::from_micros(10);
    const LONGEST: Duration = Duration::from_millis(1);
    let (start, mut panics) = (Instant::now(), 0);
    loop {
        let polled = poll(device, wgpu::PollType::Poll);
        if done.is_true() {
            return Ok(());
        }
        if !matches!(polled, Some(Ok(_))) {
            check_lost(device, doing)?;
            panics += 1;
            if panics == PANICS {
                let reason = "wgpu panics whenever it is polled".to_owned();
                return Err(Error::Refused { doing, reason });
            }
        }
        let sleep = (start.elapsed() / 8).min(LONGEST);
        if sleep < SHORTEST {
            std::thread::yield_now();
        } else {
            std::thread::sleep(sleep);
        }
    }
}
