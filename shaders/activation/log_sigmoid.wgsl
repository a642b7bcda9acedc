// log_sigmoid(x) = min(x, 0) - ln(1 + exp(-|x|)).

fn log_sigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(-abs(x)));
    let over = numerics_log1p_over(numerics_exp_value(e));
    let value = min(x, vec4<f32>(0.0)) - numerics_exp_times(e, over);
    return select(value, x, numerics_is_nan(x));
}

// The logistic function of -x.
fn log_sigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_logistic(numerics_plain(-x), vec4<f32>(1.0));
    return select(value, x, numerics_is_nan(x));
}
