// Eight f32, as 64-bit words: four loads or stores of one word each would be eight of half the size.

#if read
fn load_OPERAND(i: u32) -> Eight {
    let words = VARIABLE[at_OPERAND(i)];
    return Eight(vec4<u32>(words), vec4<u32>(words >> vec4<u32>(32u)));
}
#endif

#if written
fn store_OPERAND(i: u32, first: vec4<u32>, second: vec4<u32>) {
    VARIABLE[at_OPERAND(i)] = vec4<u64>(first) | (vec4<u64>(second) << vec4<u32>(32u));
}
#endif
