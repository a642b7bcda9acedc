// Four elements, one by one.

#if read
// The last four may be fewer. The last element stands for missing ones, so that nothing outside the range is read.
fn load_OPERAND(i: u32) -> vec4<u32> {
    let last = params.length - 1u;
    return WIDEN(vec4<u32>(
        element_OPERAND(at_OPERAND(min(4u * i, last))),
        element_OPERAND(at_OPERAND(min(4u * i + 1u, last))),
        element_OPERAND(at_OPERAND(min(4u * i + 2u, last))),
        element_OPERAND(at_OPERAND(min(4u * i + 3u, last))),
    ));
}
#endif

#if written
fn store_OPERAND(i: u32, four: vec4<u32>) {
    let stored = NARROW(four);
    let left = params.length - 4u * i;
    put_OPERAND(at_OPERAND(4u * i), stored.x);
    if (left > 1u) { put_OPERAND(at_OPERAND(4u * i + 1u), stored.y); }
    if (left > 2u) { put_OPERAND(at_OPERAND(4u * i + 2u), stored.z); }
    if (left > 3u) { put_OPERAND(at_OPERAND(4u * i + 3u), stored.w); }
}
#endif
