//! Error scopes: errors that wgpu would hand to the device's error handler become an [`Error`].

use crate::error::{Error, Result};

/// Runs `work` in error scopes, and returns the first error that it raises on this thread.
///
/// In a browser a scope answers only after the event loop has turned, so nothing is caught there. Errors that the
/// earlier checks did not find go to the browser's console.
pub(crate) fn catch_errors<T>(
    device: &wgpu::Device,
    doing: &'static str,
    work: impl FnOnce() -> T,
) -> Result<T> {
    #[cfg(target_arch = "wasm32")]
    {
        let _ = (device, doing);
        Ok(work())
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let (value, caught) = scoped(device, work);
        caught.map_or(Ok(value), |error| Err(refused(device, doing, &error)))
    }
}

/// What a caught error means for the caller.
#[cfg(not(target_arch = "wasm32"))]
fn refused(device: &wgpu::Device, doing: &'static str, error: &wgpu::Error) -> Error {
    match error {
        // On a lost device wgpu blames the buffers, which are invalid there.
        _ if is_lost(device) => Error::DeviceLost { doing },
        wgpu::Error::OutOfMemory { .. } => Error::OutOfMemory { doing },
        error => Error::Refused { doing, reason: one_line(error) },
    }
}

/// Submits `commands`; the index to wait for, or none where only a wait for everything will do.
///
/// wgpu runs callbacks inside `Queue::submit`, after the commands are submitted, and they may be other people's. A callback's
/// error goes to its owner's handler, and its panic to the panic hook; neither makes this call fail, since the
/// commands run.
pub(crate) fn submit(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    commands: wgpu::CommandBuffer,
    doing: &'static str,
) -> Result<Option<wgpu::SubmissionIndex>> {
    #[cfg(target_arch = "wasm32")]
    {
        let _ = (device, doing);
        Ok(Some(queue.submit([commands])))
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        // Most callbacks that are due run here, outside of the scopes.
        let _ = poll(device, wgpu::PollType::Poll);
        let submit = std::panic::AssertUnwindSafe(|| queue.submit([commands]));
        let (submission, caught) = scoped(device, || std::panic::catch_unwind(submit));
        match caught {
            Some(error) if is_of_submit(&error) => return Err(refused(device, doing, &error)),
            Some(error) => raise_again(device, &error),
            None => {}
        }
        Ok(submission.ok())
    }
}

/// Whether an error caught around a submit is the submit's own: wgpu names the function first. What names none is taken for it.
#[cfg(not(target_arch = "wasm32"))]
fn is_of_submit(error: &wgpu::Error) -> bool {
    use wgpu::Error::{Internal, OutOfMemory, Validation};
    let (OutOfMemory { source } | Validation { source, .. } | Internal { source, .. }) = error;
    let context = source.to_string();
    context == "In Queue::submit" || !context.starts_with("In ")
}

/// Hands a callback's error to the scope or handler that would have got it. wgpu has no function for that, so this makes an
/// error with the callback's as its label.
#[cfg(not(target_arch = "wasm32"))]
fn raise_again(device: &wgpu::Device, error: &wgpu::Error) {
    let label =
        format!("error in a callback that ran while wgpu-relu submitted: {}", one_line(error));
    let mistake = wgpu::BufferDescriptor { label: Some(&label), ..MISTAKE };
    // Without a handler wgpu panics, as it would have in the callback.
    let raise = std::panic::AssertUnwindSafe(|| drop(device.create_buffer(&mistake)));
    let _ = std::panic::catch_unwind(raise);
}

/// Runs `work`; what it returned, and the first error it raised.
#[cfg(not(target_arch = "wasm32"))]
fn scoped<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> (T, Option<wgpu::Error>) {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let scopes = [OutOfMemory, Validation, Internal].map(|filter| device.push_error_scope(filter));
    let value = work();
    let mut caught = None;
    // Last pushed, first popped.
    for scope in scopes.into_iter().rev() {
        caught = caught.or(pollster::block_on(scope.pop()));
    }
    (value, caught)
}

/// How long one wait holds wgpu's locks. Another thread that destroys a buffer, and every submit after it, waits as long. On
/// OpenGL the context is locked.
#[cfg(not(target_arch = "wasm32"))]
const TURN: std::time::Duration = std::time::Duration::from_millis(2);

/// Panics that one wait sits out. Each is a callback's, unless wgpu itself can do nothing else.
#[cfg(not(target_arch = "wasm32"))]
const PANICS: usize = 10_000;

/// Waits until `submission`, or all that was submitted, is done.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn wait(
    device: &wgpu::Device,
    submission: Option<&wgpu::SubmissionIndex>,
    doing: &'static str,
) -> Result<()> {
    let mut panics = 0;
    loop {
        let submission_index = submission.cloned();
        let turn = wgpu::PollType::Wait { submission_index, timeout: Some(TURN) };
        match poll(device, turn) {
            Some(Ok(_)) => return Ok(()),
            Some(Err(wgpu::PollError::Timeout)) => std::thread::yield_now(),
            other => {
                check_lost(device, doing)?;
                panics += 1;
                if let Some(Err(error)) = other {
                    return Err(Error::Refused { doing, reason: one_line(&error) });
                } else if panics == PANICS {
                    let reason = "wgpu panics whenever it is asked to wait".to_owned();
                    return Err(Error::Refused { doing, reason });
                }
            }
        }
    }
}

/// `Device::poll`; none if it panics. wgpu panics when it finds that the driver has lost the device, and a callback that it
/// runs may panic: the panic hook has told of it, and it is not for this call to pass on.
pub(crate) fn poll(
    device: &wgpu::Device,
    poll: wgpu::PollType,
) -> Option<std::result::Result<wgpu::PollStatus, wgpu::PollError>> {
    let polled = std::panic::AssertUnwindSafe(|| device.poll(poll));
    std::panic::catch_unwind(polled).ok()
}

/// Why a buffer that was to be mapped is not.
pub(crate) fn not_mapped(device: &wgpu::Device, doing: &'static str) -> Error {
    #[cfg(not(target_arch = "wasm32"))]
    if !is_lost(device) {
        return Error::Refused { doing, reason: "a staging buffer could not be mapped".to_owned() };
    }
    let _ = device;
    Error::DeviceLost { doing }
}

/// An error if the device is lost: for a call that creates or submits and that wgpu lets succeed in silence then. Costs a
/// few microseconds. In a browser it never is.
pub(crate) fn check_lost(device: &wgpu::Device, doing: &'static str) -> Result<()> {
    #[cfg(target_arch = "wasm32")]
    let _ = (device, doing);
    #[cfg(not(target_arch = "wasm32"))]
    if is_lost(device) {
        return Err(Error::DeviceLost { doing });
    }
    Ok(())
}

/// Whether the device is lost or destroyed. wgpu reports that through one callback, which belongs to the device's
/// owner, and lets most calls succeed in silence. But a new buffer has no memory then.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_lost(device: &wgpu::Device) -> bool {
    let probe = wgpu::BufferDescriptor {
        label: Some("wgpu-relu probe"),
        size: 4,
        usage: wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: true,
    };
    let (buffer, caught) = scoped(device, || device.create_buffer(&probe));
    caught.is_none() && buffer.get_mapped_range(..).is_err()
}

/// Whether the queue is of another device than this. wgpu hands a queue's errors to its own device's scopes: so a write that
/// must fail, of nothing into a buffer that was never made, is caught in a scope of this device or it is not.
///
/// The other device's handler hears of it; wgpu's default handler panics.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_foreign(device: &wgpu::Device, queue: &wgpu::Queue) -> bool {
    let (unmade, _) = scoped(device, || device.create_buffer(&MISTAKE));
    let write = std::panic::AssertUnwindSafe(|| queue.write_buffer(&unmade, 0, &[]));
    let (_, caught) = scoped(device, || std::panic::catch_unwind(write));
    // A lost device raises no errors.
    caught.is_none() && !is_lost(device)
}

/// A buffer without usages: an error, and nothing is allocated.
#[cfg(not(target_arch = "wasm32"))]
const MISTAKE: wgpu::BufferDescriptor<'static> = wgpu::BufferDescriptor {
    label: None,
    size: 4,
    usage: wgpu::BufferUsages::empty(),
    mapped_at_creation: false,
};

/// The innermost cause: wgpu's own text spans several lines and repeats itself.
#[cfg(not(target_arch = "wasm32"))]
fn one_line(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
