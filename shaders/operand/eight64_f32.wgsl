// Eight f32, as four 64-bit words: some devices load and store word by word, so fewer words are faster.

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
