//! The handwritten digits that the repository ships; data/README.md says where they come from.
//!
//! The loader of the other examples is not used, because it brings the whole network of theirs.

use std::ops::Range;

pub(crate) const PIXELS: usize = 64;
pub(crate) const CLASSES: usize = 10;
const COUNT: usize = 1797;
/// The digits after these are for testing.
pub(crate) const TRAINING: usize = 1408;

pub(crate) struct Digits {
    /// Grey values, brought to 0 to 1.
    pixels: Vec<f32>,
    labels: Vec<u8>,
}

impl Digits {
    pub(crate) fn load() -> Self {
        // A file of NumPy ends with its elements.
        let end = |bytes: &'static [u8], length: usize| &bytes[bytes.len() - length..];
        let pixels = end(include_bytes!("../../../../data/digits.npy"), COUNT * PIXELS);
        let labels = end(include_bytes!("../../../../data/digit_labels.npy"), COUNT);
        let pixels = pixels.iter().map(|&grey| f32::from(grey) / 16.0).collect();
        Digits { pixels, labels: labels.to_vec() }
    }

    /// The digits for testing.
    pub(crate) fn test(&self) -> Vec<usize> {
        (TRAINING..COUNT).collect()
    }

    /// The digits of a step: a window over the training part in an order that mixes it.
    pub(crate) fn batch(&self, step: usize, batch: usize) -> Vec<usize> {
        // 577 is prime to 1408, so the window passes every digit once per round.
        let window: Range<usize> = step * batch..(step + 1) * batch;
        window.map(|position| position * 577 % TRAINING).collect()
    }

    pub(crate) fn pixels(&self, digits: &[usize]) -> Vec<f32> {
        digits.iter().flat_map(|d| &self.pixels[d * PIXELS..(d + 1) * PIXELS]).copied().collect()
    }

    pub(crate) fn labels(&self, digits: &[usize]) -> Vec<u8> {
        digits.iter().map(|digit| self.labels[*digit]).collect()
    }
}
