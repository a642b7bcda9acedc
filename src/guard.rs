//! Error scopes: what wgpu would hand to the device's error handler becomes an [`Error`].

use crate::error::{Error, Result};

/// Runs `work`, catching every error it raises on this thread.
///
/// On the web a scope answers only after the event loop has turned, so that nothing is caught there:
/// what the checks beforehand let through goes to the browser's console.
pub(crate) fn guarded<T>(
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
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [OutOfMemory, Validation, Internal].map(|f| device.push_error_scope(f));
        let value = work();
        let mut caught = None;
        // Last pushed, first popped.
        for scope in scopes.into_iter().rev() {
            caught = caught.or(pollster::block_on(scope.pop()));
        }
        match caught {
            None => Ok(value),
            Some(wgpu::Error::OutOfMemory { .. }) => Err(Error::OutOfMemory { doing }),
            Some(error) => Err(Error::Refused { doing, reason: one_line(&error) }),
        }
    }
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
