// The bindings of the operands, and the position of vector i in each: in vectors, or in elements if it is unaligned.

#each operand
#if bound
@group(0) @binding(NUMBER) var<storage, ACCESS> VARIABLE: array<WORD>;
#endif
#if element

fn at_OPERAND(i: u32) -> u32 {
#if strided
    return params.offset_OPERAND + position(i, params.stride_OPERAND);
#else
#if unaligned
    return params.offset_OPERAND + WIDTH * i;
#else
    return params.offset_OPERAND + i;
#endif
#endif
}
#endif
#if consecutive

fn at_OPERAND(i: u32) -> u32 {
    return params.offset_OPERAND + consecutive(WIDTH * i) / WIDTH;
}
#endif

#end
