// silu(x) = x / (1 + exp(-x)).

fn silu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_gate(x, numerics_plain(x));
}

// s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)), and silu'(x) = 1 - silu'(-x).
fn silu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let low = max(-abs(x), vec4<f32>(-200.0));
    let left = numerics_logistic_grad(numerics_plain(low), numerics_split(-low));
    let value = select(left, 1.0 - left, x > vec4<f32>(0.0));
    return select(value, x, numerics_is_nan(x));
}
