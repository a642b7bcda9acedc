//! Every way to fail, each with the value, the limit and the remedy.

use crate::element::ElementType;
use crate::operand::Operand;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused or could not be finished.
///
/// Every text names the offending value, the limit it broke and what to do about it.
///
/// ```
/// use wgpu_relu::{Activation, Error};
///
/// let error = "elu(alpha=nan)".parse::<Activation>().unwrap_err();
/// assert!(matches!(error, Error::InvalidParameter { .. }));
/// assert_eq!(error.to_string(), "elu: alpha is NaN, but must be finite");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No adapter could be used.
    #[error("no usable GPU adapter: {reason}; {remedy}")]
    NoAdapter {
        /// The search, and its result.
        reason: String,
        /// How to get an adapter on this operating system.
        remedy: String,
    },

    /// The adapter was found, but gave no device.
    #[error(
        "adapter {adapter} gave no device: {reason}; ask for fewer features, or choose another adapter"
    )]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// wgpu's message.
        reason: String,
    },

    /// A text that names no activation or element type, or names it wrongly.
    #[error("cannot read {text:?} as {what}: {reason}")]
    Parse {
        /// The kind of text: an activation or an element type.
        what: &'static str,
        /// The text as given.
        text: String,
        /// The mistake, and the right form.
        reason: String,
    },

    /// A parameter outside the activation's range.
    #[error("{activation}: {parameter} is {value}, but must be {rule}")]
    InvalidParameter {
        /// The activation's name.
        activation: &'static str,
        /// The parameter's name.
        parameter: &'static str,
        /// Its value.
        value: f32,
        /// The rule for it.
        rule: &'static str,
    },

    /// Operands of different lengths.
    #[error(
        "{operand} has {length} elements, but {reference} has {expected}; pass ranges of equal length"
    )]
    LengthMismatch {
        /// The operand that does not fit.
        operand: Operand,
        /// Its length in elements.
        length: u64,
        /// The operand it must match.
        reference: Operand,
        /// That operand's length in elements.
        expected: u64,
    },

    /// A range whose start or size is no whole number of elements, or of the 4 bytes that wgpu copies at least.
    #[error(
        "{operand} starts at byte {offset} and has {size} bytes; make both a multiple of {element} bytes"
    )]
    PartialElement {
        /// The operand.
        operand: Operand,
        /// Start of the range in bytes.
        offset: u64,
        /// Size of the range in bytes.
        size: u64,
        /// Bytes of an element, or 4.
        element: u64,
    },

    /// Elements in the last bytes of a buffer that is no whole number of words.
    #[error(
        "{operand} reaches into the last bytes of a buffer of {buffer_size} bytes, of which devices take whole words \
         of 4; enlarge the buffer to a multiple of 4"
    )]
    PartialWord {
        /// The operand.
        operand: Operand,
        /// Size of the buffer in bytes.
        buffer_size: u64,
    },

    /// A stride that no operand can have, or none that is written.
    #[error(
        "{operand} advances by {stride} bytes in dimension {dimension} of 0 to 3, but it must be {rule} {bound} \
         bytes; choose another stride"
    )]
    Stride {
        /// The operand.
        operand: Operand,
        /// The dimension, as if the view had all four; the last is the fastest.
        dimension: usize,
        /// Its stride in bytes.
        stride: u64,
        /// "a multiple of" the bytes of an element; or, where something is written, "at least" those that
        /// the faster dimensions take.
        rule: &'static str,
        /// That many bytes.
        bound: u64,
    },

    /// A strided view made for elements of another size, or rows that are no whole number of elements.
    #[error(
        "{operand} has elements, or rows, of {found} bytes, but an element of the operator has {element}; lay it out \
         for that"
    )]
    LayoutElement {
        /// The operand.
        operand: Operand,
        /// Bytes of an element of the view, or of a row.
        found: u64,
        /// Bytes of an element.
        element: u64,
    },

    /// Strided operands of different shapes.
    #[error(
        "{operand} has the shape {shape:?}, but {reference} has {expected:?}; pass equal shapes"
    )]
    ShapeMismatch {
        /// The operand that does not fit.
        operand: Operand,
        /// Its shape.
        shape: [u64; 4],
        /// The operand it must match.
        reference: Operand,
        /// That operand's shape.
        expected: [u64; 4],
    },

    /// Rows or strides where only a contiguous range can be taken.
    #[error("{operand} has rows or strides, but must be contiguous; pass a contiguous range")]
    Strided {
        /// The operand.
        operand: Operand,
    },

    /// An operator with another element type than its stream's data: slices are f32, and results take the place
    /// of inputs.
    #[error(
        "the operator's {operand} is of {found}, but this stream takes {expected}; use GpuRelu::with_element"
    )]
    ElementType {
        /// The operand.
        operand: Operand,
        /// Its element type.
        found: ElementType,
        /// The operator's.
        expected: ElementType,
    },

    /// A range that reaches past its buffer.
    #[error(
        "{operand} is {size} bytes from byte {offset}, but the buffer has {buffer_size} bytes; \
         shorten the range or enlarge the buffer"
    )]
    OutOfBounds {
        /// The operand.
        operand: Operand,
        /// Start of the range in bytes.
        offset: u64,
        /// Size of the range in bytes.
        size: u64,
        /// Size of the buffer in bytes.
        buffer_size: u64,
    },

    /// A buffer made without a usage the operation needs.
    #[error(
        "{operand} needs BufferUsages::{needed}, but its buffer has only {found}; create it with {needed} too"
    )]
    MissingUsage {
        /// The operand.
        operand: Operand,
        /// The missing usage.
        needed: &'static str,
        /// The usages the buffer has.
        found: String,
    },

    /// A texture of a format that the operation does not take.
    #[error(
        "{operand} is a texture of {format:?}, but must be {rule}; convert it, or create it so"
    )]
    TextureFormat {
        /// The operand.
        operand: Operand,
        /// Its format.
        format: wgpu::TextureFormat,
        /// The rule for it.
        rule: &'static str,
    },

    /// A texture of a format that this device cannot write, or read and write at once.
    #[error("this device cannot {access} textures of {format:?}: {reason}; {remedy}")]
    TextureAccess {
        /// The format.
        format: wgpu::TextureFormat,
        /// The use that the device does not support.
        access: &'static str,
        /// The reason.
        reason: String,
        /// The remedy.
        remedy: &'static str,
    },

    /// A texture that is not two-dimensional, or has several mip levels, layers or samples.
    #[error(
        "{operand} is a texture with {found} {property}, but must have {expected}; copy or resolve the part in \
         question into a texture of its own"
    )]
    TextureShape {
        /// The operand.
        operand: Operand,
        /// The property with the wrong number.
        property: &'static str,
        /// The number that it has.
        found: u32,
        /// The number that it must have.
        expected: u32,
    },

    /// Textures of different sizes.
    #[error(
        "{operand} is a texture of {}x{} texels, but {reference} of {}x{}; pass textures of one size",
        .size[0], .size[1], .expected[0], .expected[1]
    )]
    TextureSize {
        /// The operand that does not fit.
        operand: Operand,
        /// Its width and height.
        size: [u32; 2],
        /// The operand it must match.
        reference: Operand,
        /// That operand's width and height.
        expected: [u32; 2],
    },

    /// A texture made without a usage the operation needs.
    #[error(
        "{operand} needs TextureUsages::{needed}, but its texture has only {found}; create it with {needed} too"
    )]
    MissingTextureUsage {
        /// The operand.
        operand: Operand,
        /// The missing usage.
        needed: String,
        /// The usages the texture has.
        found: String,
    },

    /// Input and output overlap in part.
    #[error(
        "{input} (from byte {input_offset}) and {output} (from byte {output_offset}) share a part of one buffer, \
         {size} bytes each; pass the same range for both, or ranges that do not overlap"
    )]
    Overlap {
        /// The input operand.
        input: Operand,
        /// Start of the input in bytes.
        input_offset: u64,
        /// The output operand.
        output: Operand,
        /// Start of the output in bytes.
        output_offset: u64,
        /// Size of each in bytes.
        size: u64,
    },

    /// An operand in a buffer that the operation writes, where it cannot be: it has another element type, or one number per
    /// channel, or the operation works out of place only.
    #[error(
        "{operand} lies in the buffer of {written}, which is written; put it into another buffer"
    )]
    SharedBuffer {
        /// The operand.
        operand: Operand,
        /// The operand that is written.
        written: Operand,
    },

    /// Two outputs that share elements.
    #[error("{other} overlaps {output}, and both are written; pass ranges that are apart")]
    OutputsOverlap {
        /// One of them.
        output: Operand,
        /// The other.
        other: Operand,
    },

    /// A number of elements that is no whole number of rows of channels.
    #[error(
        "{length} elements are no multiple of {channels} channels of {inner} elements; pass whole rows, or other \
         channels{}",
        if *.channels == 0 || *.inner == 0 { ", with at least one element" } else { "" }
    )]
    Channels {
        /// Elements of the operation.
        length: u64,
        /// Channels of a row.
        channels: u32,
        /// Elements of a channel of a row.
        inner: u32,
    },

    /// A row of channels that is too long for the crate's shaders.
    #[error(
        "a row of all channels has {length} elements, but the shaders count up to {limit}; split the channels into \
         several calls"
    )]
    RowLength {
        /// Elements of a row.
        length: u64,
        /// The most there can be.
        limit: u64,
    },

    /// An axis that cannot be split into halves.
    #[error("an axis of {length} elements has no halves; split one of even length")]
    OddAxis {
        /// Its length.
        length: u32,
    },

    /// A per-channel operand whose length is not the number of channels.
    #[error(
        "{operand} has {length} elements for {channels} channels; pass one element per channel{}",
        if *.operand == Operand::Weight { ", or make the operator by GpuPrelu::with_channels" } else { "" }
    )]
    ChannelLength {
        /// The operand.
        operand: Operand,
        /// Its length in elements.
        length: u64,
        /// The channels.
        channels: u32,
    },

    /// An operand that is missing or does not belong to a planned request.
    #[error("{operand} {rule}")]
    Operands {
        /// The operand.
        operand: Operand,
        /// The mistake, and the remedy.
        rule: &'static str,
    },

    /// A mask of the wrong size.
    #[error(
        "the mask has {size} bytes, but {length} elements need {needed}; create it with GpuRelu::mask_size"
    )]
    MaskSize {
        /// Bytes of the mask given.
        size: u64,
        /// Elements of the operation.
        length: u64,
        /// Bytes they need.
        needed: u64,
    },

    /// A shape that does not fit.
    #[error("shape {shape:?} {problem}; {remedy}")]
    Shape {
        /// The shape.
        shape: Vec<usize>,
        /// The mistake.
        problem: String,
        /// The remedy.
        remedy: &'static str,
    },

    /// Something the activation does not have.
    #[error("{activation} has no {what}; {remedy}")]
    Unsupported {
        /// The activation's name.
        activation: &'static str,
        /// The thing that was asked for.
        what: &'static str,
        /// The remedy.
        remedy: &'static str,
    },

    /// More bytes than the device puts into one buffer.
    #[error(
        "{size} bytes were asked for, but this device's buffers end at {limit} bytes; split the data into \
         several buffers"
    )]
    TooLarge {
        /// Bytes asked for.
        size: u64,
        /// The device's `max_buffer_size`.
        limit: u64,
    },

    /// An operand that cannot be cut into bindings that the crate's shaders can address.
    #[error(
        "{needed} bytes are needed in one binding, but the shaders address up to {limit}; pass fewer channels, or fewer \
         rows, to one call"
    )]
    BindingSize {
        /// Bytes that one binding would need.
        needed: u64,
        /// The most there can be.
        limit: u64,
    },

    /// A device limit too small for the crate's kernels.
    #[error(
        "this device allows {found} for {limit}, but {needed} are needed; {}request the device with the adapter's \
         own limits, or use another adapter if it has no more",
        fewer(.limit, *.needed)
    )]
    Limit {
        /// Name of the limit in `wgpu::Limits`.
        limit: &'static str,
        /// The device's value.
        found: u64,
        /// The needed value.
        needed: u64,
    },

    /// The device ran out of memory.
    #[error(
        "out of device memory while {doing}; drop buffers that are no longer needed, or use smaller ones"
    )]
    OutOfMemory {
        /// The operation that failed.
        doing: &'static str,
    },

    /// The host has no memory for a result.
    #[error(
        "{size} bytes of the host's memory could not be reserved; read ranges of the buffer one after another, with \
         Gpu::download_into"
    )]
    OutOfHostMemory {
        /// Bytes asked for.
        size: u64,
    },

    /// The device is lost or was destroyed.
    #[error(
        "the device was lost or destroyed before {doing}; make a new one and upload the data again"
    )]
    DeviceLost {
        /// The operation that failed.
        doing: &'static str,
    },

    /// A [`Gpu`](crate::Gpu) made of the device and the queue of two devices.
    #[error(
        "the queue belongs to another device, so {doing} is impossible; pass to Gpu::from_device the queue that \
         request_device returned with the device"
    )]
    ForeignQueue {
        /// What was being done.
        doing: &'static str,
    },

    /// wgpu refused: a destroyed or mapped buffer, a destroyed texture, or one of another device.
    #[error(
        "wgpu refused while {doing}: {reason}; check that every buffer and texture belongs to this device and is neither \
         destroyed nor mapped"
    )]
    Refused {
        /// The operation that failed.
        doing: &'static str,
        /// wgpu's message.
        reason: String,
    },

    /// A stream's reader or writer failed.
    #[error(
        "{doing} failed: {reason}; the results of the first {done} elements are complete, go on from there"
    )]
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// Elements whose results are complete: in whole chunks, from the start.
        done: u64,
        /// The kind of the reader's or writer's error.
        kind: std::io::ErrorKind,
        /// Its message.
        reason: String,
    },

    /// A stream was cancelled.
    #[error("cancelled; the results of the first {done} elements are complete")]
    Cancelled {
        /// Elements whose results are complete: in whole chunks, from the start.
        done: u64,
    },
}

/// What the caller can do on the same device when this limit is too small.
fn fewer(limit: &str, needed: u64) -> &'static str {
    // Pages are kept small.
    if cfg!(target_arch = "wasm32") {
        return "";
    }
    match limit {
        "max_storage_buffer_binding_size" => "pass fewer channels, or fewer rows, to one call; or ",
        "max_storage_buffers_per_shader_stage" if needed > 4 => {
            "leave a bias, a residual or a mask to a call of its own; or "
        }
        _ => "",
    }
}
