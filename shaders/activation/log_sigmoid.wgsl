// log_sigmoid(x) = -softplus(-x) = min(x, 0) - ln(1 + exp(-|x|)).

fn log_sigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 120.0), x);
    let sum = numerics_softplus(numerics_plain(-near));
    let size = numerics_shrink(numerics_value(sum.value), sum.exponent);
    let value = numerics_with_sign(size, vec4<f32>(-1.0));
    // Below -100 it is x, also at infinity.
    return numerics_select(value, x, (near < vec4<f32>(-100.0)) | numerics_is_nan(x));
}

// The logistic function of -x.
fn log_sigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 110.0), x);
    return numerics_or_nan(numerics_logistic(numerics_plain(-near)), x);
}
