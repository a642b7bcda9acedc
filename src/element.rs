//! The types of stored elements.

use std::fmt;

use bytemuck::Pod;

/// How elements are stored. All arithmetic is f32: a 16-bit float is widened when it is loaded, and the result
/// rounded to nearest, ties to even, when it is stored.
///
/// f16 and bf16 work on every device; the feature `SHADER_F16` is not needed. Two elements share 4 bytes.
///
/// ```
/// use wgpu_relu::ElementType;
///
/// assert_eq!(ElementType::Bf16.size(), 2); // bytes
/// assert_eq!("f16".parse(), Ok(ElementType::F16));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// IEEE 754 binary32.
    #[default]
    F32,
    /// IEEE 754 binary16: 11 bits of precision, up to 65,504, down to 6e-8.
    F16,
    /// The upper half of an f32: 8 bits of precision, the range of f32.
    Bf16,
}

impl ElementType {
    /// Every element type.
    pub const ALL: &'static [ElementType] =
        &[ElementType::F32, ElementType::F16, ElementType::Bf16];

    /// The name in text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ElementType::F32 => "f32",
            ElementType::F16 => "f16",
            ElementType::Bf16 => "bf16",
        }
    }

    /// Bytes per element.
    #[must_use]
    pub const fn size(self) -> u64 {
        match self {
            ElementType::F32 => 4,
            ElementType::F16 | ElementType::Bf16 => 2,
        }
    }

    /// Whether two elements share 4 bytes.
    pub(crate) const fn is_16_bit(self) -> bool {
        self.size() == 2
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An element on the host: `f32`, and `f16` and `bf16` of the crate [`half`].
///
/// ```
/// use wgpu_relu::{ElementType, GpuRelu, Gpu, half::f16};
///
/// let gpu = Gpu::new()?;
/// let relu = GpuRelu::new(&gpu).with_element(ElementType::F16);
/// let x = gpu.upload_elements(&[-1.0, 2.5].map(f16::from_f32))?;
/// let y: Vec<f16> = gpu.download_elements(&relu.apply(&x)?)?;
/// assert_eq!(y, [f16::ZERO, f16::from_f32(2.5)]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
pub trait Element: Pod + sealed::Sealed + Send + Sync {
    /// How it is stored on the device.
    const TYPE: ElementType;

    /// Rounded to nearest, ties to even.
    fn from_f32(value: f32) -> Self;

    /// The same value.
    fn to_f32(self) -> f32;
}

impl Element for f32 {
    const TYPE: ElementType = ElementType::F32;
    fn from_f32(value: f32) -> Self {
        value
    }
    fn to_f32(self) -> f32 {
        self
    }
}

impl Element for half::f16 {
    const TYPE: ElementType = ElementType::F16;
    fn from_f32(value: f32) -> Self {
        half::f16::from_f32(value)
    }
    fn to_f32(self) -> f32 {
        half::f16::to_f32(self)
    }
}

impl Element for half::bf16 {
    const TYPE: ElementType = ElementType::Bf16;
    fn from_f32(value: f32) -> Self {
        half::bf16::from_f32(value)
    }
    fn to_f32(self) -> f32 {
        half::bf16::to_f32(self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
}
