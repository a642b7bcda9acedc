// Element i alone, in all four components of a vector.

#if read
fn load_OPERAND(i: u32) -> vec4<u32> {
    return WIDEN(vec4<u32>(element_OPERAND(at_OPERAND(i))));
}
#endif
