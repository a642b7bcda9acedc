// rrelu(x) = x > 0: x; else a * x. In evaluation a is the mean of lower = p.x and upper = p.y, in training it
// is drawn for each element.

fn rrelu_slope(p: vec4<f32>) -> vec4<f32> {
    return 0.5 * p.xxxx + 0.5 * p.yyyy;
}

// The slopes between lower = p.x and upper = p.y for uniform variates in [0, 1); p.z = upper - lower. The
// product loses its last bit, so that no compiler fuses it with the sum, and every device draws the same.
fn rrelu_drawn(variate: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let above = bitcast<vec4<u32>>(variate * p.zzzz) & vec4<u32>(0xfffffffeu);
    return min(p.xxxx + bitcast<vec4<f32>>(above), p.yyyy);
}

// With the slopes a.
fn rrelu_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let slope = bitcast<vec4<u32>>(a);
    // -inf is taken by hand: 0 * -inf would be NaN.
    let at_infinity = select(
        bits ^ (slope & vec4<u32>(0x80000000u)),
        vec4<u32>(0u),
        (slope & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u),
    );
    let scaled = select(bitcast<vec4<u32>>(a * x), at_infinity, bits == vec4<u32>(0xff800000u));
    let negative = (bits - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, scaled, negative));
}

// 1 where x > 0, else a, also for NaN.
fn rrelu_grad_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    let positive = (bitcast<vec4<u32>>(x) - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
    return select(a, vec4<f32>(1.0), positive);
}

fn rrelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_with(x, rrelu_slope(p));
}

fn rrelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_grad_with(x, rrelu_slope(p));
}
