// relu6(x) = min(max(x, 0), 6), on the bits: NaN passes with its payload, -0.0 stays.

fn relu6(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    // 0x40c00000 is 6.
    let above = (bits - vec4<u32>(0x40c00001u)) <= vec4<u32>(0x3ebfffffu);
    let low = select(bits, vec4<u32>(0u), negative);
    return bitcast<vec4<f32>>(select(low, vec4<u32>(0x40c00000u), above));
}

// 1 where 0 < x < 6, else 0; NaN for NaN.
fn relu6_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let inside = (bits - vec4<u32>(1u)) < vec4<u32>(0x40bfffffu);
    let nan = (bits & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return select(select(vec4<f32>(0.0), vec4<f32>(1.0), inside), x, nan);
}
