// The elements are in a buffer.

fn begin(i: u32) {}

fn element(i: u32) -> u32 {
#if is_16_bit
    let half = (x[i >> 1u] >> (16u * (i & 1u))) & 0xffffu;
    return WIDEN(vec4<u32>(half)).x;
#else
    return x[i];
#endif
}
