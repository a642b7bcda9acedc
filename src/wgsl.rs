//! The activations' WGSL, for other people's shaders.
//!
//! Each constant is one activation, complete: valid WGSL on its own, without bindings, globals or
//! directives. It defines
//!
//! ```wgsl
//! fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32>       // the value
//! fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32>  // the derivative, to multiply dy with
//! ```
//!
//! where `p` holds the parameters in the order of the Rust fields, `p.x` first. Pass them through a
//! uniform: a constant slope or alpha also works, but makes a new pipeline for each value. Declarations
//! may come in any order in WGSL, so concatenation is all it takes; for a scalar `v`, take
//! `elu(vec4<f32>(v), p).x`.
//!
//! ```
//! const MINE: &str = "
//!     @group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
//!     @compute @workgroup_size(64)
//!     fn main(@builtin(global_invocation_id) id: vec3<u32>) {
//!         let v = data[id.x] * 0.5; // a matrix product's epilogue, for one
//!         data[id.x] = elu(v, vec4<f32>(1.0, 0.0, 0.0, 0.0));
//!     }";
//! let source = format!("{}{}", wgpu_relu::wgsl::ELU, MINE);
//! # let module = wgpu::naga::front::wgsl::parse_str(&source).unwrap();
//! # assert_eq!(module.entry_points.len(), 1);
//! ```
//!
//! # The same bits everywhere
//!
//! A function gives the same bits on every device that rounds sums and products to the nearest (WGSL leaves that open), and by every
//! compiler. Fast math, contraction to fma, flushed subnormal numbers and inexact division change nothing. That holds
//!
//! - for the value and the derivative of every activation here, for all f32 inputs and parameters, subnormal ones included;
//! - for what [`GpuActivation`](crate::GpuActivation), [`GpuPrelu`](crate::GpuPrelu) and [`GpuGlu`](crate::GpuGlu) make of them: gradients,
//!   biases, residuals and gates, in f32, f16 and bf16;
//! - up to the payload of a NaN, and unless a sum over channels or a statistic has a subnormal part.
//!
//! [`NUMERICS`] says how: a barrier on the bits between float operations, and no division or built-in exponential. `cargo xtask
//! compilers` checks it: clang compiles naga's Metal source under 18 combinations of flags (fast math among them), and every
//! result is compared with the strict build. The results are also compared with recorded checksums on lavapipe, SwiftShader,
//! llvmpipe by OpenGL and in Chromium. Your own code around a function is yours to protect: `elu(a * b + c, p)` depends on
//! whether the compiler contracts the argument.
//!
//! # Several activations
//!
//! The activations share functions, [`NUMERICS`], which each constant brings along (relu and relu6 need none); for several
//! activations in one module, [`module`] has them once. Every name starts with the activation's or with
//! `numerics_` (`Numerics` for types), those of [`RANDOM`] with `random_`.

pub use crate::activation::source::{NUMERICS, RANDOM, module};
pub use crate::activation::sources::*;
pub use crate::shader::catalog::{kernels, wide_kernels};
