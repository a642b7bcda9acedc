//! Requests to stop, and limits that the system enforces by signals.

use std::io::{self, IsTerminal, Write};

use crate::{messages, output};

/// From now on Ctrl-C and other requests to stop are heard at any time. They remove unfinished files and end the
/// program with code 1. A second request does not wait for that.
pub(crate) fn handle() {
    // If there is no handler, the system ends the program, and at most a temporary file stays.
    #[cfg(unix)]
    let _ = handle_on_unix();
    #[cfg(not(unix))]
    let _ = ctrlc::set_handler(stop);
}

/// ctrlc cannot handle SIGXFSZ.
#[cfg(unix)]
fn handle_on_unix() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    // With a handler, a write beyond `ulimit -f` fails with an error. Without one, the signal ends the program.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGXCPU])?;
    if !hangups_are_ignored() {
        signals.add_signal(SIGHUP)?;
    }
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        // This can wait for a slow file system, or for the reader of the standard error.
        if thread::Builder::new().spawn(stop).is_ok() {
            signals.next();
        }
        exit();
    })?;
    Ok(())
}

/// Whether the program was started by `nohup`, which must go on when its terminal is closed.
#[cfg(unix)]
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The bits are numbered from signal 1, which is SIGHUP.
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

fn stop() {
    let _no_more_files = output::remove_unfinished();
    let mut err = io::stderr();
    if err.is_terminal() {
        // A progress bar may fill the line.
        let _ = err.write_all(b"\n");
    }
    messages::error(&"interrupted");
    exit();
}

/// Ends the program without destructors, which drivers could be running into while they compile a shader.
fn exit() -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(1);
    #[cfg(not(unix))]
    std::process::exit(1);
}
