//! Error scopes: errors that wgpu would hand to the device's error handler become an [`Error`].

#[cfg(not(target_arch = "wasm32"))]
use crate::error::Error;
use crate::error::Result;

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
        match caught {
            None => Ok(value),
            // On a lost device wgpu blames the buffers, which are invalid there.
            Some(_) if is_lost(device) => Err(Error::DeviceLost { doing }),
            Some(wgpu::Error::OutOfMemory { .. }) => Err(Error::OutOfMemory { doing }),
            Some(error) => Err(Error::Refused { doing, reason: one_line(&error) }),
        }
    }
}

/// Runs `work`. Returns its result and the first error that it raised.
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

/// Waits until `submission`, or everything submitted so far, is done.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn wait(
    device: &wgpu::Device,
    submission: Option<&wgpu::SubmissionIndex>,
    doing: &'static str,
) -> Result<()> {
    loop {
        // 200 ms at a time: OpenGL ends every wait after two seconds, and locks its context meanwhile.
        let turn = wgpu::PollType::Wait {
            submission_index: submission.cloned(),
            timeout: Some(std::time::Duration::from_millis(200)),
        };
        match poll(device, turn) {
            Some(Ok(_)) => return Ok(()),
            Some(Err(wgpu::PollError::Timeout)) => {}
            _ => return Err(Error::DeviceLost { doing }),
        }
    }
}

/// Calls `Device::poll`. It panics when it finds that the driver has lost the device; then this returns none.
pub(crate) fn poll(
    device: &wgpu::Device,
    poll: wgpu::PollType,
) -> Option<std::result::Result<wgpu::PollStatus, wgpu::PollError>> {
    let polled = std::panic::AssertUnwindSafe(|| device.poll(poll));
    std::panic::catch_unwind(polled).ok()
}

/// Returns an error if the device is lost. wgpu lets calls that create or submit succeed in silence then. Costs a few
/// microseconds. In a browser it never returns an error.
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

/// The innermost cause: wgpu's own text spans several lines and repeats itself.
#[cfg(not(target_arch = "wasm32"))]
fn one_line(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
