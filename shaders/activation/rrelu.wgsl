// rrelu(x) = x > 0: x; else a * x. In evaluation a is the mean of lower = p.x and upper = p.y. In training each element
// has a random a.

// Half of the sum, which is rounded once; the sum of the halves where the sum could overflow.
fn rrelu_slope(p: vec4<f32>) -> vec4<f32> {
    let half = vec4<f32>(0.5);
    let large = max(numerics_size(p.xxxx), numerics_size(p.yyyy)) > vec4<u32>(0x7e000000u);
    let lower = numerics_select(p.xxxx, numerics_product(half, p.xxxx), large);
    let upper = numerics_select(p.yyyy, numerics_product(half, p.yyyy), large);
    let sum = numerics_plus(lower, upper);
    return numerics_select(numerics_product(half, sum), sum, large);
}

// The slopes between lower = p.x and upper = p.y for uniform variates in [0, 1); p.z = upper - lower. The product loses
// its last bit, so that no compiler fuses it with the sum.
fn rrelu_random_slopes(variate: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let product = bitcast<vec4<u32>>(numerics_product(variate, p.zzzz)) & vec4<u32>(0xfffffffeu);
    let slope = numerics_plus(p.xxxx, bitcast<vec4<f32>>(product));
    return numerics_select(slope, p.yyyy, numerics_order(slope) > numerics_order(p.yyyy));
}

// With the slopes a. 0 * -inf is 0.
fn rrelu_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    let negative = (bitcast<vec4<u32>>(x) - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return numerics_select(x, numerics_product(a, x), negative);
}

// 1 where x > 0, else a, also for NaN.
fn rrelu_grad_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    return numerics_select(a, vec4<f32>(1.0), numerics_is_positive(x));
}

fn rrelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_with(x, rrelu_slope(p));
}

fn rrelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_grad_with(x, rrelu_slope(p));
}
