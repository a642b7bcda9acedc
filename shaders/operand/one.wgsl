// Four elements, one by one.

#if read
// The last element stands for missing ones, so that nothing outside the range is read.
fn load_OPERAND(i: u32) -> vec4<u32> {
    let e = min(elements_of(i), vec4<u32>(params.length - 1u));
    return WIDEN(vec4<u32>(
        element_OPERAND(at_OPERAND(e.x)),
        element_OPERAND(at_OPERAND(e.y)),
        element_OPERAND(at_OPERAND(e.z)),
        element_OPERAND(at_OPERAND(e.w)),
    ));
}
#endif

#if written
fn store_OPERAND(i: u32, four: vec4<u32>) {
    let stored = NARROW(four);
    let e = elements_of(i);
    put_OPERAND(at_OPERAND(e.x), stored.x);
    if (e.y < params.length) { put_OPERAND(at_OPERAND(e.y), stored.y); }
    if (e.z < params.length) { put_OPERAND(at_OPERAND(e.z), stored.z); }
    if (e.w < params.length) { put_OPERAND(at_OPERAND(e.w), stored.w); }
}
#endif
