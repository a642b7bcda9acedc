// bf16, the upper half of an f32, to and from the bits of f32.

fn widen_bf16(h: vec4<u32>) -> vec4<u32> {
    return h << vec4<u32>(16u);
}

// To the nearest, ties to even. A NaN keeps the upper bits of its payload, and stays NaN.
fn narrow_bf16(bits: vec4<u32>) -> vec4<u32> {
    let kept = bits >> vec4<u32>(16u);
    let rounded = (bits + vec4<u32>(0x7fffu) + (kept & vec4<u32>(1u))) >> vec4<u32>(16u);
    let nan = kept | min(bits & vec4<u32>(0xffffu), vec4<u32>(1u));
    let magnitude = bitcast<vec4<i32>>(bits & vec4<u32>(0x7fffffffu));
    return select(rounded, nan, magnitude > vec4<i32>(0x7f800000));
}
