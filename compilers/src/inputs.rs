//! The inputs of the functions.

use std::collections::BTreeSet;
use std::sync::Arc;

use wgpu_relu::Activation;

/// Elements of a piece of work; a multiple of 4.
const PIECE: usize = 1 << 16;

/// The inputs of a function: a stride over all f32, and special ones.
#[derive(Clone)]
pub(crate) struct Inputs {
    /// 0 takes only the special inputs.
    pub(crate) stride: u64,
    pub(crate) specials: Arc<[u32]>,
}

impl Inputs {
    fn strided(&self) -> usize {
        if self.stride == 0 { 0 } else { (1u64 << 32).div_ceil(self.stride) as usize }
    }

    pub(crate) fn pieces(&self) -> usize {
        (self.strided() + 3 * self.specials.len()).div_ceil(PIECE)
    }

    /// x and dy of a piece.
    pub(crate) fn piece(&self, piece: usize) -> (Vec<u32>, Vec<u32>) {
        let strided = self.strided();
        let total = strided + 3 * self.specials.len();
        let first = piece * PIECE;
        let mut pairs: Vec<(u32, u32)> = (first..total.min(first + PIECE))
            .map(|i| {
                if i < strided {
                    let hash = mix(i as u32);
                    let dy = if hash & 3 != 0 { ONE } else { upstream(hash >> 2) };
                    return ((i as u64 * self.stride) as u32, dy);
                }
                let i = i - strided;
                let dy = if i.is_multiple_of(3) { ONE } else { upstream(mix(i as u32)) };
                (self.specials[i / 3], dy)
            })
            .collect();
        while !pairs.len().is_multiple_of(4) {
            pairs.push((0, ONE));
        }
        pairs.into_iter().unzip()
    }
}

const ONE: u32 = 0x3f80_0000;

/// An upstream gradient: any number, or a special one.
fn upstream(hash: u32) -> u32 {
    const SPECIAL: [f32; 20] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -0.3,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-45,
        -1e-40,
        1.1754942e-38,
        f32::MIN_POSITIVE,
        1e-30,
        -1e-20,
        1e10,
        1e30,
        -3e38,
        f32::MAX,
        0.7,
    ];
    if hash & 1 == 0 { mix(hash) } else { SPECIAL[(hash >> 1) as usize % SPECIAL.len()].to_bits() }
}

/// A hash.
fn mix(mut word: u32) -> u32 {
    word = (word ^ (word >> 16)).wrapping_mul(0x7feb_352d);
    word = (word ^ (word >> 15)).wrapping_mul(0x846c_a68b);
    word ^ (word >> 16)
}

/// Zeros, subnormal numbers, infinities, NaNs, powers of two, and the surroundings of every place where a function
/// changes its formula. `coarse` takes fewer of the surroundings.
pub(crate) fn specials(activations: &[Activation], coarse: bool) -> Arc<[u32]> {
    let near = if coarse { 20 } else { 300 };
    let mut sizes: BTreeSet<u32> = BTreeSet::new();
    let mut around = |bits: u32, radius: u32| {
        sizes.extend(bits.saturating_sub(radius)..=bits.saturating_add(radius).min(0x7fff_ffff));
    };
    for activation in activations {
        for kink in activation.kinks() {
            around(kink.abs().to_bits(), near.min(40));
        }
    }
    for place in
        [0.5f32, 1.0, 2.0, 3.0, 6.0, 17.3, 20.0, 87.33655, 88.0, 88.72284, 103.97, 104.0, 110.0]
    {
        around(place.to_bits(), near);
    }
    for exponent in 0..=255 {
        around(exponent << 23, 3);
        around(exponent << 23 | 0x40_0000, 1);
    }
    around(0, if coarse { 100 } else { 4000 });
    around(0x0080_0000, if coarse { 100 } else { 4000 });
    around(f32::MAX.to_bits(), near);
    sizes.extend((0..0x0080_0000).step_by(if coarse { 65_537 } else { 4099 }));
    sizes.extend([0x7f80_0001, 0x7fbf_ffff, 0x7fc0_0000, 0x7fc1_2345, 0x7fff_ffff]);
    sizes.iter().flat_map(|&size| [size, size | 0x8000_0000]).collect()
}
