// divide.wgsl with the product of 64 bits that some devices have.
fn divide(n: u32, divisor: vec2<u32>) -> u32 {
    let high = u32((u64(n) * u64(divisor.x)) >> 32u);
    let first = min(divisor.y, 1u);
    return (high + ((n - high) >> first)) >> (divisor.y - first);
}
