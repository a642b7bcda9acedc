//! How many frames a window draws per second while a network learns.

use std::time::Instant;

/// A measurement of frames.
pub(crate) struct Frames {
    left: u64,
    all: u64,
    /// The time and the steps after the first frames, in which pipelines are compiled.
    start: Option<(Instant, u64)>,
}

impl Frames {
    /// Frames that do not count.
    const FIRST: u64 = 10;

    pub(crate) fn new(all: u64) -> Self {
        Frames { left: all + Frames::FIRST, all, start: None }
    }

    /// Counts a frame. Prints the rate after the last one.
    pub(crate) fn is_last(&mut self, steps: u64) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == self.all {
            self.start = Some((Instant::now(), steps));
        }
        if self.left > 0 {
            return false;
        }
        if let Some((start, before)) = self.start.take() {
            let (seconds, all) = (start.elapsed().as_secs_f64(), self.all as f64);
            let rate = all / seconds;
            let steps = (steps - before) as f64 / all;
            println!(
                "{} frames: {rate:.1} frames per second, {steps:.1} steps per frame",
                self.all
            );
        }
        true
    }
}
