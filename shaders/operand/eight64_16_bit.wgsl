// Eight 16-bit elements, as two 64-bit words.

#if read
fn load_OPERAND(i: u32) -> Eight {
    let at = at_OPERAND(i);
    let low = vec2<u32>(VARIABLE[at]);
    let high = vec2<u32>(VARIABLE[at] >> vec2<u32>(32u));
    let both = vec4<u32>(low.x, high.x, low.y, high.y);
#if passed
    loaded = both;
#endif
    return Eight(WIDEN(both & vec4<u32>(0xffffu)), WIDEN(both >> vec4<u32>(16u)));
}
#endif

#if written
fn store_OPERAND(i: u32, first: vec4<u32>, second: vec4<u32>) {
#if passed
    let both = loaded_or_0(first, second);
#else
    let both = NARROW(first) | (NARROW(second) << vec4<u32>(16u));
#endif
    VARIABLE[at_OPERAND(i)] = vec2<u64>(both.xz) | (vec2<u64>(both.yw) << vec2<u32>(32u));
}
#endif
