//! Packs a field's numbers as the shaders read them.

use crate::field::{Field, Layer};

/// Vectors of four units per invocation: `s0` to `s3`.
const BLOCK: usize = 4;

/// All layers, in vectors of four numbers.
pub(crate) struct Packed {
    /// A vector has the weights or biases of four units, or one frequency.
    pub(crate) quads: Vec<[f32; 4]>,
    pub(crate) layers: Vec<Place>,
    /// The first vector of the frequencies.
    pub(crate) frequencies: usize,
}

/// The place and size of a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) weights: usize,
    pub(crate) biases: usize,
    /// Units, or frequencies of the first layer.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Vectors from one input's weights to those of the next, in whole blocks.
    pub(crate) row: usize,
}

impl Place {
    /// The invocations per vector of pixels.
    pub(crate) fn blocks(&self) -> usize {
        self.row / BLOCK
    }
}

impl Packed {
    pub(crate) fn new(field: &Field) -> Self {
        let mut packed = Packed { quads: Vec::new(), layers: Vec::new(), frequencies: 0 };
        field.layers.iter().for_each(|layer| packed.push(layer));
        packed.layers[0].inputs = field.frequencies.len();
        packed.frequencies = packed.quads.len();
        packed
            .quads
            .extend(field.frequencies.iter().map(|&[across, down]| [across, down, 0.0, 0.0]));
        packed
    }

    fn push(&mut self, layer: &Layer) {
        let &Layer { inputs, outputs, .. } = layer;
        let row = outputs.div_ceil(4).next_multiple_of(BLOCK);
        let weights = self.quads.len();
        // The padding of a block has no effect.
        for input in 0..inputs {
            let weight = |unit| layer.weights.get(unit * inputs + input);
            self.push_row(row, weight);
        }
        let biases = self.quads.len();
        self.push_row(row, |unit| layer.biases.get(unit));
        self.layers.push(Place { weights, biases, inputs, outputs, row });
    }

    fn push_row<'a>(&mut self, row: usize, number: impl Fn(usize) -> Option<&'a f32>) {
        let number = |unit| number(unit).copied().unwrap_or(0.0);
        self.quads.extend((0..row).map(|quad| std::array::from_fn(|i| number(4 * quad + i))));
    }
}
