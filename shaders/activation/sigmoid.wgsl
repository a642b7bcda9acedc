// sigmoid(x) = 1 / (1 + exp(-x)).

fn sigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_logistic(numerics_plain(x));
    return select(value, x, numerics_is_nan(x));
}

// e / (1 + e)^2 with e = exp(-|x|), which is s (1 - s) without the cancellation.
fn sigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return select(numerics_logistic_slope(-abs(x), 1.0), x, numerics_is_nan(x));
}
