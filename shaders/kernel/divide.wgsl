// n / d by a product, because many devices divide slowly. The host makes `divisor` from d (src/plan/elementwise.rs), after
// Granlund and Montgomery, 1994.
fn divide(n: u32, divisor: vec2<u32>) -> u32 {
    let m = divisor.x;
    let low = (n & 0xffffu) * (m & 0xffffu);
    let cross_n = (n >> 16u) * (m & 0xffffu);
    let cross_m = (n & 0xffffu) * (m >> 16u);
    let carry = (low >> 16u) + (cross_n & 0xffffu) + (cross_m & 0xffffu);
    let high = (n >> 16u) * (m >> 16u) + (cross_n >> 16u) + (cross_m >> 16u) + (carry >> 16u);
    let first = min(divisor.y, 1u);
    return (high + ((n - high) >> first)) >> (divisor.y - first);
}
