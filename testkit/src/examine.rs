//! Any activation's forward pass and gradient in a layout, against the CPU reference.

use wgpu_relu::{Activation, Element, Gpu};

use crate::compare::{self, Worst};
use crate::inputs::{data, upstream};
use crate::layout::{Layout, Run, Subject};
use crate::stored::stored;

/// Runs `subject` over `length` elements of `data` in `layout`, and returns the largest errors of the forward pass and the
/// gradient. `flushes`: the device takes subnormal numbers for 0.
///
/// # Errors
///
/// The first wrong value, in words, or the error of a call.
pub fn examine<X: Element, Y: Element>(
    gpu: &Gpu,
    flushes: bool,
    activation: Activation,
    subject: &dyn Subject,
    length: usize,
    layout: Layout,
    seed: u64,
) -> Result<[Worst; 2], String> {
    let x: Vec<X> = stored(&data(activation, length, seed), seed);
    let dy: Vec<Y> = stored(&upstream(length, seed), !seed);
    let describe = |what: &str, error: String| {
        let (x, y) = (X::TYPE, Y::TYPE);
        format!("{activation} {what}, {length} elements, {x} to {y}, {layout:?}: {error}")
    };

    let run = Run::new::<X, Y>(gpu, layout, &x, None)?;
    subject.forward(run.x(), run.out()).map_err(|e| describe("forward", e.to_string()))?;
    let y: Vec<Y> = run.finish().map_err(|e| describe("forward", e))?;
    let forward =
        compare::stored_values(flushes, activation, &x, &y).map_err(|e| describe("forward", e))?;

    let run = Run::new(gpu, layout, &x, Some(&dy))?;
    subject
        .gradient(run.x(), run.dy(), run.out())
        .map_err(|e| describe("gradient", e.to_string()))?;
    let dx: Vec<X> = run.finish().map_err(|e| describe("gradient", e))?;
    let gradient = compare::stored_gradients(flushes, activation, &x, &dy, &dx)
        .map_err(|e| describe("gradient", e))?;
    Ok([forward, gradient])
}
