// The same as divide.wgsl, with the 64-bit product of some devices.
fn divide(n: u32, divisor: vec2<u32>) -> u32 {
    let high = u32((u64(n) * u64(divisor.x)) >> 32u);
    let first = min(divisor.y, 1u);
    return (high + ((n - high) >> first)) >> (divisor.y - first);
}
