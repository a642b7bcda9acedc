//! Error scopes: errors that wgpu would hand to the device's error handler become an [`Error`].

use crate::error::{Error, Result};
use crate::operand::Operand;

/// A buffer or texture of a caller, which may be destroyed, mapped or of another device.
#[cfg_attr(
    target_arch = "wasm32",
    expect(dead_code, reason = "a browser tells of it in its console")
)]
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    Buffer(wgpu::Buffer),
    /// A texture, and a state that its usages allow.
    Texture(wgpu::Texture, wgpu::TextureUses),
}

/// The operands of a call with their buffers or textures, asked for only if wgpu refuses the call.
pub(crate) type Used<'a> = &'a dyn Fn() -> Vec<(Operand, Resource)>;

/// For a call that uses no buffer of a caller.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const NONE_USED: Used<'static> = &Vec::<(Operand, Resource)>::new;

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

/// Submits `commands`.
///
/// wgpu runs callbacks inside `Queue::submit`, after the commands are submitted, and they may be other people's. A callback's
/// error goes to its owner's handler, and its panic to the panic hook; neither makes this call fail, since the
/// commands run.
pub(crate) fn submit(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    commands: wgpu::CommandBuffer,
    doing: &'static str,
    used: Used<'_>,
) -> Result<()> {
    #[cfg(target_arch = "wasm32")]
    {
        let _ = (device, doing, used, queue.submit([commands]));
        Ok(())
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        // Most callbacks that are due run here, outside of the scopes.
        let _ = poll(device, wgpu::PollType::Poll);
        let submit = std::panic::AssertUnwindSafe(|| queue.submit([commands]));
        let (submission, caught) = scoped(device, || std::panic::catch_unwind(submit));
        let Some(error) = caught else { return Ok(()) };
        if is_of_a_submit(&error) {
            // It may be the submit of a callback, which runs only if ours has succeeded.
            let ours = || name_operand(device, queue, refused(device, doing, &error), used);
            // Another thread may have submitted since, and then this index counts as submitted. So the operands are tried. For
            // exhausted memory there is no such test. The index is last, because the question for it may fail an assertion of
            // wgpu when another thread submits.
            if !matches!(error, wgpu::Error::Validation { .. })
                || is_lost(device)
                || refused_operand(device, queue, used).is_some()
                || submission.is_ok_and(|index| !is_submitted(device, index))
            {
                return Err(ours());
            }
        }
        raise_again(device, &error);
        Ok(())
    }
}

/// Whether an error caught around a submit is a submit's: wgpu names the function first. What names none is taken for it.
#[cfg(not(target_arch = "wasm32"))]
fn is_of_a_submit(error: &wgpu::Error) -> bool {
    use wgpu::Error::{Internal, OutOfMemory, Validation};
    let (OutOfMemory { source } | Validation { source, .. } | Internal { source, .. }) = error;
    let context = source.to_string();
    context == "In Queue::submit" || !context.starts_with("In ")
}

/// Whether this submission, or a later one, has reached the device. wgpu gives a submission that it refuses an index too, and
/// refuses to wait for that.
#[cfg(not(target_arch = "wasm32"))]
fn is_submitted(device: &wgpu::Device, submission: wgpu::SubmissionIndex) -> bool {
    let submission_index = Some(submission);
    let turn = wgpu::PollType::Wait { submission_index, timeout: Some(std::time::Duration::ZERO) };
    !matches!(poll(device, turn), Some(Err(wgpu::PollError::WrongSubmissionIndex(..))))
}

/// Puts the name of the operand that wgpu refuses before its reason, because wgpu's own text names none.
pub(crate) fn name_operand(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    error: Error,
    used: Used<'_>,
) -> Error {
    #[cfg(not(target_arch = "wasm32"))]
    if let Error::Refused { doing, reason } = error {
        let named = refused_operand(device, queue, used);
        return Error::Refused { doing, reason: named.unwrap_or(reason) };
    }
    let _ = (device, queue, used);
    error
}

/// The first operand that wgpu refuses, with its reason: each is used alone.
#[cfg(not(target_arch = "wasm32"))]
fn refused_operand(device: &wgpu::Device, queue: &wgpu::Queue, used: Used<'_>) -> Option<String> {
    used().iter().find_map(|(operand, resource)| {
        let error = use_alone(device, queue, resource)?;
        // A callback that ran in that submit may have made the mistake. It runs once.
        if use_alone(device, queue, resource).is_none() {
            raise_again(device, &error);
            return None;
        }
        Some(format!("{operand}: {}", one_line(&error)))
    })
}

/// Uses a resource in a submit of its own that leaves the contents as they are. Returns the first error.
#[cfg(not(target_arch = "wasm32"))]
fn use_alone(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    resource: &Resource,
) -> Option<wgpu::Error> {
    let (buffer, texture) = match resource {
        Resource::Buffer(buffer) => {
            let state = wgpu::BufferUses::COPY_SRC;
            (Some(wgpu::BufferTransition { buffer, state }), None)
        }
        &Resource::Texture(ref texture, state) => {
            (None, Some(wgpu::TextureTransition { texture, selector: None, state }))
        }
    };
    let _ = poll(device, wgpu::PollType::Poll);
    let submit = std::panic::AssertUnwindSafe(|| {
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.transition_resources(buffer.into_iter(), texture.into_iter());
        queue.submit([encoder.finish()])
    });
    scoped(device, || std::panic::catch_unwind(submit)).1
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

/// An error if the device is lost: for a call that creates or submits and that wgpu lets succeed in silence then. Costs
/// about a microsecond. In a browser it never is.
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
/// owner, and lets most calls succeed in silence. But it raises no error for a mistake then.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_lost(device: &wgpu::Device) -> bool {
    let (_, caught) = scoped(device, || device.create_buffer(&MISTAKE));
    caught.is_none()
}

/// Whether the queue is of another device than this. wgpu hands a queue's errors to its own device's scopes: so a write that
/// must fail, of nothing into a buffer that was never made, is caught in a scope of this device or it is not.
///
/// The other device's handler hears of it; wgpu's default handler panics.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_foreign(device: &wgpu::Device, queue: &wgpu::Queue) -> bool {
    let (unmade, told) = scoped(device, || device.create_buffer(&MISTAKE));
    let write = std::panic::AssertUnwindSafe(|| queue.write_buffer(&unmade, 0, &[]));
    let (_, caught) = scoped(device, || std::panic::catch_unwind(write));
    // A lost device raises no errors.
    caught.is_none() && told.is_some()
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
