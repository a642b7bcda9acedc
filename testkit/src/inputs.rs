//! Inputs that find mistakes.

use wgpu_relu::Activation;

/// Every kind of number, in an order that depends on the seed, so that each kind comes to every position.
pub fn data(activation: Activation, length: usize, seed: u64) -> Vec<f32> {
    let special = special_values(activation);
    let mut random = random_words(seed);
    (0..length)
        .map(|i| match (i + seed as usize) % 4 {
            0 => special[random() as usize % special.len()],
            1 => f32::from_bits(random()),
            _ => random() as i32 as f32 / (1 << 28) as f32,
        })
        .collect()
}

/// Upstream gradients: mostly ordinary ones, and every special one.
pub fn upstream(length: usize, seed: u64) -> Vec<f32> {
    const SPECIAL: [f32; 8] =
        [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, 1e-42, 1e30, -1.0];
    let mut random = random_words(!seed);
    (0..length)
        .map(|_| match random() % 4 {
            0 => SPECIAL[random() as usize % SPECIAL.len()],
            _ => random() as i32 as f32 / (1 << 30) as f32,
        })
        .collect()
}

/// ±0, subnormals, the ends of the normal range, ±inf, NaNs of several payloads, the kinks and their
/// neighbours, and a sweep over all magnitudes, of both signs.
pub fn special_values(activation: Activation) -> Vec<f32> {
    let mut values: Vec<u32> = vec![
        0,
        1,
        2,
        0x0000_1234,
        0x007f_ffff,
        0x0080_0000,
        0x0080_0001,
        0x3f80_0000,
        0x7f7f_ffff,
        0x7f80_0000,
        0x7f80_0001,
        0x7fbf_ffff,
        0x7fc0_0000,
        0x7fc1_2345,
        0x7fff_ffff,
    ];
    for kink in activation.kinks().into_iter().map(f32::abs) {
        values.extend([kink, kink.next_up(), kink.next_down().abs()].map(f32::to_bits));
    }
    for exponent in 0..255u32 {
        values.extend([exponent << 23, exponent << 23 | 0x2a_aaab, exponent << 23 | 0x7f_ffff]);
    }
    // Places where exponentials change their formula.
    values.extend(
        [0.34657f32, 0.34658, 17.3, 30.0, 87.3, 88.8, 103.9, 104.1, 178.5].map(f32::to_bits),
    );
    values.iter().flat_map(|&v| [v, v | 0x8000_0000]).map(f32::from_bits).collect()
}

/// Pseudo-random `u64`s, the same in every run (SplitMix64).
pub fn random_words(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 32) as u32
    }
}
