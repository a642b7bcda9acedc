// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.

#if read
fn load_OPERAND(i: u32) -> Eight {
    let both = VARIABLE[at_OPERAND(i)];
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
    VARIABLE[at_OPERAND(i)] = both;
}
#endif
