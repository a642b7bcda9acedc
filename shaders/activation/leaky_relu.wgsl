// leaky_relu(x) = x > 0: x; else a * x, with a = p.x of any size and sign.

fn leaky_relu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let slope = bitcast<vec4<u32>>(p.xxxx);
    // -inf is taken by hand: 0 * -inf would be NaN, and so would a subnormal slope where the
    // hardware flushes it.
    let at_infinity = select(
        bits ^ (slope & vec4<u32>(0x80000000u)),
        vec4<u32>(0u),
        (slope & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u),
    );
    let scaled = select(
        bitcast<vec4<u32>>(p.xxxx * x),
        at_infinity,
        bits == vec4<u32>(0xff800000u),
    );
    let negative = (bits - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, scaled, negative));
}

// 1 where x > 0, else a, also at 0 and for NaN, as PyTorch has it.
fn leaky_relu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    // 0 < x <= inf, without the NaNs above.
    let positive = (bits - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
    return select(p.xxxx, vec4<f32>(1.0), positive);
}
