// Four f32. The operand starts at a multiple of 16 bytes in its binding.

#if read
fn load_OPERAND(i: u32) -> vec4<u32> {
    return VARIABLE[at_OPERAND(i)];
}
#endif

#if written
fn store_OPERAND(i: u32, four: vec4<u32>) {
    VARIABLE[at_OPERAND(i)] = four;
}
#endif
