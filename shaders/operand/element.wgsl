// One element as it is stored, at any offset.

#if read
fn word_OPERAND(at: u32) -> u32 {
#if atomic
    return atomicLoad(&VARIABLE[at]);
#else
    return VARIABLE[at];
#endif
}

fn element_OPERAND(at: u32) -> u32 {
#if is_16_bit
    // Two elements share a u32.
    return (word_OPERAND(at >> 1u) >> (16u * (at & 1u))) & 0xffffu;
#else
    return word_OPERAND(at);
#endif
}
#endif

#if written
fn put_OPERAND(at: u32, bits: u32) {
#if is_16_bit
    // Another invocation may store the other half of the u32, or that half is outside the operation. So only bits of
    // this half are flipped.
    let shift = 16u * (at & 1u);
    let old = atomicLoad(&VARIABLE[at >> 1u]) >> shift;
    atomicXor(&VARIABLE[at >> 1u], ((old ^ bits) & 0xffffu) << shift);
#else
    VARIABLE[at] = bits;
#endif
}
#endif
