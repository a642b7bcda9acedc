//! A field's numbers as the shaders read them.

use crate::field::{Field, Layer};

/// Quads of units that an invocation makes: `s0` to `s7`.
const BLOCK: usize = 8;

/// All layers, in two buffers.
pub(crate) struct Packed {
    /// Matrices of 4 outputs x 4 inputs, column by column: of a quad of inputs, all quads of outputs.
    pub(crate) matrices: Vec<[f32; 16]>,
    /// The biases, and the frequencies across and down.
    pub(crate) quads: Vec<[f32; 4]>,
    pub(crate) layers: Vec<Place>,
    /// The first quad of the frequencies.
    pub(crate) frequencies: usize,
}

/// Where a layer lies, and how large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) matrix: usize,
    pub(crate) bias: usize,
    /// Of quads of inputs; of the first layer, of frequencies.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Matrices from a quad of inputs to the next: quads of outputs, in whole blocks.
    pub(crate) row: usize,
}

impl Place {
    /// How many invocations make a pixel.
    pub(crate) fn blocks(&self) -> usize {
        self.row / BLOCK
    }
}

impl Packed {
    pub(crate) fn new(field: &Field) -> Self {
        let mut packed =
            Packed { matrices: Vec::new(), quads: Vec::new(), layers: Vec::new(), frequencies: 0 };
        for (index, layer) in field.layers.iter().enumerate() {
            // A quad of sines, then their cosines, and so on; what fills a quad up counts for nothing.
            let count = field.frequencies.len();
            let of_wave = |input: usize| {
                let (quad, lane) = (input / 4, input % 4);
                let frequency = quad / 2 * 4 + lane;
                (frequency < count).then_some(frequency + if quad % 2 == 0 { 0 } else { count })
            };
            let of_unit = |input: usize| (input < layer.inputs).then_some(input);
            if index == 0 {
                packed.push(layer, 2 * count.div_ceil(4), &of_wave);
                packed.layers[0].inputs /= 2;
            } else {
                packed.push(layer, layer.inputs.div_ceil(4), &of_unit);
            }
        }
        packed.frequencies = packed.quads.len();
        for axis in [0, 1] {
            packed.quads.extend(field.frequencies.chunks(4).map(|quad| {
                let mut values = [0.0; 4];
                values.iter_mut().zip(quad).for_each(|(value, f)| *value = f[axis]);
                values
            }));
        }
        packed
    }

    /// `inputs` counts quads; `input` says which of the layer's own a padded one is.
    fn push(&mut self, layer: &Layer, inputs: usize, input: &dyn Fn(usize) -> Option<usize>) {
        let outputs = layer.outputs.div_ceil(4);
        let row = outputs.next_multiple_of(BLOCK);
        self.layers.push(Place {
            matrix: self.matrices.len(),
            bias: self.quads.len(),
            inputs,
            outputs,
            row,
        });
        let weight = |output: usize, column: usize| match input(column) {
            Some(column) if output < layer.outputs => layer.weights[output * layer.inputs + column],
            _ => 0.0,
        };
        for k in 0..inputs {
            for quad in 0..row {
                self.matrices
                    .push(std::array::from_fn(|i| weight(4 * quad + i % 4, 4 * k + i / 4)));
            }
        }
        for quad in 0..row {
            let bias = |i: usize| layer.biases.get(4 * quad + i).copied().unwrap_or(0.0);
            self.quads.push(std::array::from_fn(bias));
        }
    }
}
