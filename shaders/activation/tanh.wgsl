// tanh(x): around 0 by its series, beyond as (1 - e) / (1 + e) with e = exp(-2|x|).

fn tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 20.0);
    let far = numerics_value(numerics_tanh(size));
    let small = numerics_tanhshrink_small(size);
    let sum = numerics_fast_two_sum(size, -small.head);
    let near = numerics_add(sum.head, numerics_sub(sum.tail, small.tail));
    let value = select(far, near, size < vec4<f32>(0.24));
    // Below 2^-13 it is x, subnormal or not.
    let signed = numerics_with_sign(value, x);
    return numerics_select(signed, x, (size < vec4<f32>(0.00012207031)) | numerics_is_nan(x));
}

// 1 - tanh(x)^2 = 4e / (1 + e)^2 with e = exp(-2|x|).
fn tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_or_nan(numerics_logistic_slope(-2.0 * numerics_abs(x, 60.0), 2), x);
}
