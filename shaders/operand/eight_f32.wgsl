// Eight f32, as two vectors.

#if read
fn load_OPERAND(i: u32) -> Eight {
    let at = at_OPERAND(i);
    let a = VARIABLE[2u * at];
    let b = VARIABLE[2u * at + 1u];
    return Eight(vec4<u32>(a.xz, b.xz), vec4<u32>(a.yw, b.yw));
}
#endif

#if written
fn store_OPERAND(i: u32, first: vec4<u32>, second: vec4<u32>) {
    let at = at_OPERAND(i);
    VARIABLE[2u * at] = vec4<u32>(first.x, second.x, first.y, second.y);
    VARIABLE[2u * at + 1u] = vec4<u32>(first.z, second.z, first.w, second.w);
}
#endif
