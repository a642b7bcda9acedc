//! Progress bars and Ctrl-C. Nothing is shown if the standard error is no terminal.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C or another request to stop has come since [`catch_interrupts`].
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From now on the program notices a request to stop at the next step, so that it can remove temporary files. A second
/// request ends it at once.
pub(crate) fn catch_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler Ctrl-C ends the program at once, and at most a temporary file stays.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
    });
}

/// An error if a request to stop has come.
pub(crate) fn go_on() -> io::Result<()> {
    if interrupted() { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

/// A bar that counts steps and names the current one.
pub(crate) fn steps(count: u64) -> ProgressBar {
    bar(count, "{wide_bar} {pos}/{len}  {msg}")
}

/// A bar that counts bytes.
pub(crate) fn bytes(count: u64) -> ProgressBar {
    bar(
        count,
        "{wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
    )
}

fn bar(count: u64, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(style)
}
