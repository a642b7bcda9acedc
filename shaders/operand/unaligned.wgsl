// An operand whose vectors are no whole vectors of its binding: it starts between two, or its elements are not contiguous.

#if shifted
// Eight contiguous 16-bit elements. They are in four u32, or in five if the first is the upper half of one.
fn load_OPERAND(i: u32) -> Eight {
    let at = at_OPERAND(i);
    let first = at >> 1u;
    let odd = at & 1u;
    let a = vec4<u32>(word_OPERAND(first), word_OPERAND(first + 1u), word_OPERAND(first + 2u), word_OPERAND(first + 3u));
    let b = vec4<u32>(a.yzw, word_OPERAND(first + 3u + odd));
    // If `odd` is 0, nothing is left of b.
    let shift = vec4<u32>(16u * odd);
    let both = (a >> shift) | ((b << vec4<u32>(1u)) << (vec4<u32>(31u) - shift));
    return Eight(WIDEN(both & vec4<u32>(0xffffu)), WIDEN(both >> vec4<u32>(16u)));
}
#else
fn elements_OPERAND(at: u32, step: u32) -> vec4<u32> {
    return WIDEN(vec4<u32>(
        element_OPERAND(at),
        element_OPERAND(at + step),
        element_OPERAND(at + 2u * step),
        element_OPERAND(at + 3u * step),
    ));
}

fn load_OPERAND(i: u32) -> VECTOR {
    let at = at_OPERAND(i);
#if strided
    let step = params.stride_OPERAND.w / WIDTH;
#else
    let step = 1u;
#endif
#if eight
    return Eight(elements_OPERAND(at, 2u * step), elements_OPERAND(at + step, 2u * step));
#else
    return elements_OPERAND(at, step);
#endif
}
#endif
