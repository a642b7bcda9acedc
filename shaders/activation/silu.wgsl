// silu(x) = x / (1 + exp(-x)).

fn silu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 110.0);
    return numerics_gate(x, size, numerics_plain(numerics_with_sign(size, x)));
}

// s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)), and silu'(x) = 1 - silu'(-x).
fn silu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 120.0);
    let value = numerics_logistic_grad(numerics_plain(-size), numerics_split(size), numerics_is_positive(x));
    return numerics_or_nan(value, x);
}
