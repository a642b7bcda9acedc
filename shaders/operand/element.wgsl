// One element as it is stored, at any offset.

#if is_16_bit
// Two elements share a u32.
#if read
fn element_OPERAND(at: u32) -> u32 {
#if atomic
    let both = atomicLoad(&VARIABLE[at >> 1u]);
#else
    let both = VARIABLE[at >> 1u];
#endif
    return (both >> (16u * (at & 1u))) & 0xffffu;
}
#endif

#if written
// Another invocation may store the other half of the u32, or that half is outside the operation. So only bits of this
// half are flipped.
fn put_OPERAND(at: u32, half: u32) {
    let shift = 16u * (at & 1u);
    let old = atomicLoad(&VARIABLE[at >> 1u]) >> shift;
    atomicXor(&VARIABLE[at >> 1u], ((old ^ half) & 0xffffu) << shift);
}
#endif
#else
#if read
fn element_OPERAND(at: u32) -> u32 {
    return VARIABLE[at];
}
#endif

#if written
fn put_OPERAND(at: u32, bits: u32) {
    VARIABLE[at] = bits;
}
#endif
#endif
