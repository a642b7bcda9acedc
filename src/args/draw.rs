//! Random draws: the key and the counter of the generator, and its CPU reference.

/// The seed and the offset of random slopes or weights. Element i of an operation gets a number that depends on the
/// seed, the offset and i only. So the same draw gives the same numbers on every device, and the gradient makes the
/// numbers of the forward operation again. They need not be stored.
///
/// The generator is Philox 4x32-10 (Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011) with
/// the seed as its key; its counter is i / 4 and the offset. Take a new offset in every step.
///
/// ```
/// use wgpu_relu::Draw;
///
/// let draw = Draw { seed: 7, offset: 0 };
/// assert_eq!(draw.uniform(3), draw.uniform(3));
/// assert_ne!(draw.uniform(3), Draw { offset: 1, ..draw }.uniform(3));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Draw {
    /// Chooses the sequence.
    pub seed: u64,
    /// Chooses the step.
    pub offset: u64,
}

impl Draw {
    /// Returns the variate of element `index`, a multiple of 2⁻²⁴ in [0, 1).
    #[must_use]
    pub fn uniform(&self, index: u64) -> f32 {
        unit(self.random_u32(index))
    }

    /// The random `u32` of element `index`.
    pub(crate) fn random_u32(&self, index: u64) -> u32 {
        let counter = index / 4;
        let four = philox(
            [
                counter as u32,
                (counter >> 32) as u32,
                self.offset as u32,
                (self.offset >> 32) as u32,
            ],
            [self.seed as u32, (self.seed >> 32) as u32],
        );
        four[(index % 4) as usize]
    }

    /// Returns the slope of element `index` of an [`Rrelu`](crate::Activation::Rrelu) in training, to the last bit as
    /// every device computes it.
    #[must_use]
    pub fn slope(&self, lower: f32, upper: f32, index: u64) -> f32 {
        let product = self.uniform(index) * (upper - lower);
        (lower + f32::from_bits(product.to_bits() & !1)).min(upper)
    }

    /// The seed and the offset as a shader gets them.
    pub(crate) fn words(&self) -> [u32; 4] {
        [self.seed as u32, (self.seed >> 32) as u32, self.offset as u32, (self.offset >> 32) as u32]
    }
}

/// A multiple of 2⁻²⁴ in [0, 1) out of a random `u32`.
pub(crate) fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// Philox 4x32-10; `shaders/random.wgsl` is its twin.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let multiply = |a: u32, b: u32| {
        let product = u64::from(a) * u64::from(b);
        ((product >> 32) as u32, product as u32)
    };
    for _ in 0..10 {
        let (high_a, low_a) = multiply(0xd251_1f53, counter[0]);
        let (high_b, low_b) = multiply(0xcd9e_8d57, counter[2]);
        counter = [high_b ^ counter[1] ^ key[0], low_b, high_a ^ counter[3] ^ key[1], low_a];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the generator's authors publish with it.
    #[test]
    fn philox_gives_the_known_answers() {
        for (counter, key, answer) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([!0; 4], [!0; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            assert_eq!(philox(counter, key), answer);
        }
    }

    #[test]
    fn slopes_are_uniform_between_the_bounds() {
        let draw = Draw { seed: 1, offset: 2 };
        let (lower, upper) = (0.125f32, 1.0 / 3.0);
        let count = if cfg!(miri) { 10_000 } else { 100_000 };
        let slopes: Vec<f64> = (0..count).map(|i| f64::from(draw.slope(lower, upper, i))).collect();
        assert!(slopes.iter().all(|slope| (lower.into()..=upper.into()).contains(slope)));
        let width = f64::from(upper - lower);
        let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
        let deviation = width / 12f64.sqrt();
        let middle = f64::from(lower) + width / 2.0;
        // Five standard errors of the mean.
        assert!((mean - middle).abs() < 5.0 * deviation / (slopes.len() as f64).sqrt());
        let variance = slopes.iter().map(|slope| (slope - mean).powi(2)).sum::<f64>();
        let found = (variance / slopes.len() as f64).sqrt();
        assert!((found / deviation - 1.0).abs() < 0.01, "{found} for {deviation}");
    }
}
