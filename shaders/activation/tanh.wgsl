// tanh(x): around 0 by its series, beyond by exp.

fn tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = abs(x);
    let t = numerics_tanh(a);
    let far = select(t.head + t.tail, -(t.head + t.tail), x < vec4<f32>(0.0));
    let value = select(far, x - numerics_tanhshrink_small(x), a < vec4<f32>(0.2));
    return select(value, x, numerics_is_nan(x));
}

// 1 - tanh(x)^2 = 4e / (1 + e)^2 with e = exp(-2|x|).
fn tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return select(numerics_logistic_slope(-2.0 * abs(x), 4.0), x, numerics_is_nan(x));
}
