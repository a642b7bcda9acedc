//! From a reader of numbers through the GPU to a writer, in pieces.

use std::io::{Read, Write};

use wgpu_relu::{Gpu, GpuRelu};

use crate::Outcome;

/// Elements that go to the device at once.
const PIECE: usize = 1 << 22;

/// An activation on a device, with room for a piece of each operand.
pub(super) struct Engine {
    gpu: Gpu,
    operator: GpuRelu,
    x: Vec<f32>,
    dy: Vec<f32>,
}

impl Engine {
    pub(super) fn new(operator: GpuRelu, gpu: &Gpu) -> Self {
        Engine { gpu: gpu.clone(), operator, x: Vec::new(), dy: Vec::new() }
    }

    /// Takes `elements` f32, in the machine's byte order, from `x` (and from `dy`, for the gradient), and
    /// writes as many.
    pub(super) fn stream(
        &mut self,
        elements: u64,
        x: &mut dyn Read,
        mut dy: Option<&mut dyn Read>,
        out: &mut dyn Write,
    ) -> Outcome<()> {
        let mut left = elements;
        while left > 0 {
            let piece = left.min(PIECE as u64) as usize;
            left -= piece as u64;
            fill(&mut self.x, piece, x)?;
            let x = self.gpu.upload(&self.x)?;
            match &mut dy {
                None => self.operator.apply_in_place(&x)?,
                Some(dy) => {
                    fill(&mut self.dy, piece, *dy)?;
                    let dy = self.gpu.upload(&self.dy)?;
                    self.operator.gradient_into(&x, &dy, &x)?;
                }
            }
            self.gpu.download_into(&x, &mut self.x)?;
            out.write_all(bytemuck::cast_slice(&self.x))?;
        }
        Ok(())
    }
}

fn fill(piece: &mut Vec<f32>, length: usize, from: &mut dyn Read) -> Outcome<()> {
    piece.resize(length, 0.0);
    from.read_exact(bytemuck::cast_slice_mut(piece))?;
    Ok(())
}
