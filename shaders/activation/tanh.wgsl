// tanh(x) = -m / (2 + m) with m = exp(-2x) - 1, for x >= 0.

fn tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let m = numerics_expm1(numerics_exp(numerics_plain(-2.0 * abs(x))), vec4<f32>(1.0));
    let t = -m / (2.0 + m);
    return select(select(t, -t, x < vec4<f32>(0.0)), x, numerics_is_nan(x));
}

// 1 - tanh(x)^2 = 4e / (1 + e)^2 with e = exp(-2|x|).
fn tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(-2.0 * abs(x)));
    let squared = numerics_reciprocal_1p_squared(numerics_exp_value(e));
    let value = numerics_exp_times(e, 4.0 * squared);
    return select(value, x, numerics_is_nan(x));
}
