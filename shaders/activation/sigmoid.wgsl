// sigmoid(x) = 1 / (1 + exp(-x)).

fn sigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 110.0), x);
    return numerics_or_nan(numerics_logistic(numerics_plain(near)), x);
}

// e / (1 + e)^2 with e = exp(-|x|), which is s (1 - s) without the cancellation.
fn sigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_or_nan(numerics_logistic_slope(-numerics_abs(x, 110.0), 0), x);
}
