//! WGSL that activations share, and modules of several activations. Public as [`crate::wgsl`].

use crate::activation::Activation;
use crate::minify::wgsl_file;

/// The functions that activations share: the barrier against compilers, exact products and sums, exp, quotients and
/// scaling.
pub const NUMERICS: &str = wgsl_file!("numerics.wgsl");

/// Random numbers from a counter, for example for dropout. `random_philox(counter: vec4<u32>, key: vec2<u32>) ->
/// vec4<u32>` is Philox 4x32-10. `random_uniform(words: vec4<u32>) -> vec4<f32>` makes them multiples of 2⁻²⁴ in [0,
/// 1). Needs no other source.
pub const RANDOM: &str = wgsl_file!("random.wgsl");

/// Joins the sources of several activations into one module, with shared functions once. The crate's own shaders are
/// made of the same texts, so a program holds shared functions once, unless it also uses the constants.
///
/// ```
/// use wgpu_relu::{Activation, wgsl};
///
/// let source = wgsl::module(&[Activation::Gelu, Activation::Silu]);
/// assert!(source.contains("fn gelu(") && source.contains("fn silu_grad("));
/// # wgpu::naga::front::wgsl::parse_str(&source).unwrap();
/// ```
#[must_use]
pub fn module(activations: &[Activation]) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for activation in activations {
        let (own, needs_numerics) = activation.own_wgsl();
        for part in needs_numerics.then_some(NUMERICS).into_iter().chain([own]) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts.concat()
}
