//! Progress bars. indicatif shows nothing if the standard error is no terminal, and ignores failed writes.

use indicatif::{ProgressBar, ProgressStyle};

const STEPS: &str = "{wide_bar} {pos}/{len}, {per_sec}, {eta} left  {msg}";
const BYTES: &str =
    "{wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";

/// A bar that counts steps and names the current one.
pub(crate) fn steps(count: u64) -> ProgressBar {
    bar(count, STEPS)
}

/// A bar that counts bytes.
pub(crate) fn bytes(count: u64) -> ProgressBar {
    bar(count, BYTES)
}

fn bar(count: u64, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(style)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    /// A terminal that keeps all that is written.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            120
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn bars_show_the_rate_and_the_time_that_is_left() {
        for (bar, rate) in [(steps(100), "/s, "), (bytes(1 << 30), "iB/s, ")] {
            let terminal = Terminal::default();
            bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
            bar.inc(50);
            bar.force_draw();
            let shown = terminal.0.lock().unwrap().clone();
            assert!(shown.contains(rate) && shown.contains(" left"), "{shown:?}");
        }
    }
}
