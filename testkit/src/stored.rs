//! Numbers as they are stored, and the results before they were rounded.

use wgpu_relu::Element;

use crate::inputs::random_words;

/// The numbers as they are stored. Every second 16-bit float has an arbitrary pattern of bits.
pub fn stored<T: Element>(values: &[f32], seed: u64) -> Vec<T> {
    let mut random = random_words(seed ^ 0x5eed);
    let any = |value: f32, word: u32| {
        if size_of::<T>() == 2 && word & 0x10000 != 0 {
            bytemuck::pod_read_unaligned(&(word as u16).to_le_bytes())
        } else {
            T::from_f32(value)
        }
    };
    if size_of::<T>() == 4 {
        return bytemuck::cast_slice(values).to_vec();
    }
    values.iter().map(|&value| any(value, random())).collect()
}

pub fn widened<T: Element>(values: &[T]) -> Vec<f32> {
    values.iter().map(|value| value.to_f32()).collect()
}

/// The results before they were rounded and stored: of all f32 that round to the stored number, the one nearest to the
/// expected. So a stored result is right if it is the rounded form of a right one. All NaNs count as equal.
pub fn nearest<T: Element>(expected: &[f32], stored: &[T]) -> Vec<f32> {
    let one = |(&expected, &stored): (&f32, &T)| {
        let got = stored.to_f32();
        let same = |value: f32| T::from_f32(value).to_f32().to_bits() == got.to_bits();
        if same(expected) || (got.is_nan() && expected.is_nan()) {
            return expected;
        }
        if size_of::<T>() == 4 || got.is_nan() || expected.is_nan() {
            return got;
        }
        // As near to the expected as possible. Bits of one sign are in the order of their numbers.
        let (mut inside, mut outside) = (got.to_bits(), expected.to_bits());
        if (inside ^ outside) >> 31 != 0 {
            outside = inside & 0x8000_0000;
            if same(f32::from_bits(outside)) {
                return f32::from_bits(outside);
            }
        }
        while inside.abs_diff(outside) > 1 {
            let middle = inside.midpoint(outside);
            if same(f32::from_bits(middle)) { inside = middle } else { outside = middle }
        }
        f32::from_bits(inside)
    };
    expected.iter().zip(stored).map(one).collect()
}
