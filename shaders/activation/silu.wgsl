// silu(x) = x / (1 + exp(-x)).

fn silu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Below -200 the result is 0; -inf times it would not be.
    let value = numerics_logistic(numerics_plain(x), max(x, vec4<f32>(-200.0)));
    return select(value, x, numerics_is_nan(x));
}

// s (1 + x (1 - s)). With e = exp(-|x|) and q = 1 / (1 + e) that is e q (1 + x q) for x < 0, and
// silu'(x) = 1 - silu'(-x).
fn silu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let low = max(-abs(x), vec4<f32>(-200.0));
    let e = numerics_exp(numerics_plain(low));
    let q = numerics_reciprocal_1p(numerics_exp_value(e));
    let left = numerics_exp_times(e, q * (1.0 + low * q));
    let value = select(left, 1.0 - left, x > vec4<f32>(0.0));
    return select(value, x, numerics_is_nan(x));
}
