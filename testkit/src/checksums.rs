//! Checksums of every activation's results over a stride of all f32, which are the same on every device and with every
//! compiler. `cargo xtask compilers --update` writes `tests/data/checksums.txt`. The tests on a device, the tests in a
//! browser and that command compare with them.

use wgpu_relu::Activation;

/// One line per activation: its text, then the checksums of values and gradients.
const RECORDED: &str = include_str!("../../tests/data/checksums.txt");

/// The step from one input's bits to the next; a prime.
const STRIDE: usize = 4099;

/// Every activation with its defaults, and with unusual parameters.
pub fn activations() -> Vec<Activation> {
    let mut activations = Activation::ALL.to_vec();
    for default in Activation::ALL {
        for position in 0..default.parameters().len() {
            for unusual in [0.2, -0.75, 7.0] {
                let mut values: Vec<_> = default.parameters().iter().map(|p| p.1).collect();
                values[position] = unusual;
                activations.extend(default.with_parameters(&values));
            }
        }
    }
    activations
}

/// The inputs: 0, the stride, twice the stride and so on, as bits.
pub fn x() -> Vec<f32> {
    (0..=u32::MAX).step_by(STRIDE).map(f32::from_bits).collect()
}

/// The upstream gradients: 1 for three of four inputs, and a special or arbitrary number for the fourth.
pub fn dy() -> Vec<f32> {
    const SPECIAL: [f32; 8] =
        [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, 1e-42, 1e30, -1.0];
    let one = |i: usize| match i % 8 {
        3 => SPECIAL[i / 8 % SPECIAL.len()],
        7 => f32::from_bits((i as u32).wrapping_mul(0x9e37_79b9)),
        _ => 1.0,
    };
    (0..=u32::MAX as usize / STRIDE).map(one).collect()
}

/// The CRC-32 of results, little-endian, with every NaN as 0x7fc00000.
pub fn checksum(results: &[f32]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for &result in results {
        let bits = if result.is_nan() { 0x7fc0_0000 } else { result.to_bits() };
        crc.update(&bits.to_le_bytes());
    }
    crc.finalize()
}

/// The activation's line for these results.
pub fn line(activation: Activation, values: &[f32], gradients: &[f32]) -> String {
    format!("{activation} {:08x} {:08x}", checksum(values), checksum(gradients))
}

/// The activation's line in the file, if there is one.
pub fn recorded(activation: Activation) -> Option<&'static str> {
    let start = format!("{activation} ");
    RECORDED.lines().find(|line| line.starts_with(&start))
}

/// Checks that the results are the recorded ones. The error has the line of these results.
pub fn compare(activation: Activation, values: &[f32], gradients: &[f32]) -> Result<(), String> {
    let found = line(activation, values, gradients);
    match recorded(activation) {
        Some(recorded) if recorded == found => Ok(()),
        Some(recorded) => {
            Err(format!("other bits than on other devices: {found}, recorded: {recorded}"))
        }
        None => Err(format!("tests/data/checksums.txt has no line for {activation}")),
    }
}
