// rrelu(x) in evaluation: x > 0: x; else a * x, with a the mean of lower = p.x and upper = p.y.

fn rrelu_slope(p: vec4<f32>) -> vec4<f32> {
    return 0.5 * p.xxxx + 0.5 * p.yyyy;
}

fn rrelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let slope = rrelu_slope(p);
    let slope_bits = bitcast<vec4<u32>>(slope);
    // -inf is taken by hand: 0 * -inf would be NaN.
    let at_infinity = select(
        bits ^ (slope_bits & vec4<u32>(0x80000000u)),
        vec4<u32>(0u),
        (slope_bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u),
    );
    let scaled = select(bitcast<vec4<u32>>(slope * x), at_infinity, bits == vec4<u32>(0xff800000u));
    let negative = (bits - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, scaled, negative));
}

// 1 where x > 0, else a; NaN for NaN.
fn rrelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let positive = (bits - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
    return select(rrelu_slope(p), vec4<f32>(1.0), positive);
}
