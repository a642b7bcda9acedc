//! The activations' WGSL, for your own shaders.
//!
//! Each constant is the complete source of one activation: valid WGSL on its own, without bindings, globals or
//! directives. It defines
//!
//! ```wgsl
//! fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32>       // the value
//! fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32>  // the derivative, to multiply dy with
//! ```
//!
//! `p` has the parameters in the order of the Rust fields, `p.x` first. Pass them through a uniform. A constant slope
//! or alpha also works, but makes a new pipeline per value. WGSL takes declarations in any order, so you can
//! concatenate the constant and your source. For a scalar `v`, call `elu(vec4<f32>(v), p).x`.
//!
//! ```
//! const MINE: &str = "
//!     @group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
//!     @compute @workgroup_size(64)
//!     fn main(@builtin(global_invocation_id) id: vec3<u32>) {
//!         let v = data[id.x] * 0.5; // for example the epilogue of a matrix product
//!         data[id.x] = elu(v, vec4<f32>(1.0, 0.0, 0.0, 0.0));
//!     }";
//! let source = format!("{}{}", wgpu_relu::wgsl::ELU, MINE);
//! # let module = wgpu::naga::front::wgsl::parse_str(&source).unwrap();
//! # assert_eq!(module.entry_points.len(), 1);
//! ```
//!
//! # When are the bits the same everywhere?
//!
//! A function gives the same bits on every device that rounds sums and products to the nearest number (WGSL leaves that
//! open), and with every compiler. Fast math, contraction to fma, flushed subnormal numbers and inexact division change
//! nothing. That holds
//!
//! - for the value and the derivative of every activation here, for all f32 inputs and parameters, subnormal ones
//!   included;
//! - for the operations of [`GpuActivation`](crate::GpuActivation), [`GpuPrelu`](crate::GpuPrelu),
//!   [`GpuGlu`](crate::GpuGlu) and [`GpuCrelu`](crate::GpuCrelu): gradients, biases, residuals and gates, in f32, f16
//!   and bf16;
//! - except for the payload of a NaN, and for sums over channels and statistics in which a subnormal number takes part.
//!
//! [`NUMERICS`] says how: a barrier on the bits between float operations, and no division or built-in exponential.
//! `cargo xtask compilers` checks it. clang compiles naga's Metal source with 13 sets of flags, fast math among them.
//! Five of the builds also run with subnormal numbers flushed. Every result is compared with the strict build. Tests
//! compare the results with recorded checksums on lavapipe, SwiftShader, llvmpipe by OpenGL and in Chromium.
//!
//! Your own code around a function is not protected: `elu(a * b + c, p)` depends on whether the compiler contracts the
//! argument.
//!
//! # How do I use several activations in one module?
//!
//! Call [`module`]. The activations share functions, [`NUMERICS`]. Each constant contains them, except those of relu
//! and relu6, so two constants would define them twice. All names start with the activation's name or with `numerics_`
//! (`Numerics` for types). Names of [`RANDOM`] start with `random_`.

pub use crate::activation::source::{NUMERICS, RANDOM, module};
pub use crate::activation::sources::*;
pub use crate::shader::catalog::{kernels, wide_kernels};
