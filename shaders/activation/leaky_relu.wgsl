// leaky_relu(x) = x > 0: x; else a * x, with a = p.x of any size and sign. 0 * -inf is 0.

fn leaky_relu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let negative = (bitcast<vec4<u32>>(x) - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return numerics_select(x, numerics_product(p.xxxx, x), negative);
}

// 1 where x > 0, else a, also at 0 and for NaN, as in PyTorch.
fn leaky_relu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_select(p.xxxx, vec4<f32>(1.0), numerics_is_positive(x));
}
