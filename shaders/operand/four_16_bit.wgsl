// Four 16-bit elements. The operand starts at a multiple of 8 bytes in its binding.

#if read
fn load_OPERAND(i: u32) -> vec4<u32> {
    let both = VARIABLE[at_OPERAND(i)];
    return WIDEN(vec4<u32>(both.x & 0xffffu, both.x >> 16u, both.y & 0xffffu, both.y >> 16u));
}
#endif

#if written
fn store_OPERAND(i: u32, four: vec4<u32>) {
    let halves = NARROW(four);
    VARIABLE[at_OPERAND(i)] = vec2<u32>(halves.x | (halves.y << 16u), halves.z | (halves.w << 16u));
}
#endif
