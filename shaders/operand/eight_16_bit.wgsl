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
    // Each result is an element as it was loaded, or 0.
    let zero = vec4<u32>(0u);
    let even = select(vec4<u32>(0xffffu), zero, first == zero);
    let odd = select(vec4<u32>(0xffff0000u), zero, second == zero);
    let both = loaded & (even | odd);
#else
    let both = NARROW(first) | (NARROW(second) << vec4<u32>(16u));
#endif
    VARIABLE[at_OPERAND(i)] = both;
}
#endif
