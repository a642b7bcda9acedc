// log_sigmoid(x) = -softplus(-x) = min(x, 0) - ln(1 + exp(-|x|)).

fn log_sigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = -numerics_softplus(numerics_plain(-x), -x, vec4<f32>(1.0));
    // Below -100 it is x, also at infinity.
    return select(value, x, (x < vec4<f32>(-100.0)) | numerics_is_nan(x));
}

// The logistic function of -x.
fn log_sigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_logistic(numerics_plain(-x));
    return select(value, x, numerics_is_nan(x));
}
