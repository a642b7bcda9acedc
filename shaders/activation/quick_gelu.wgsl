// quick_gelu(x) = x / (1 + exp(-1.702 x)).

// 1.702 x with more bits: its rounding error would be multiplied by itself.
fn quick_gelu_argument(x: vec4<f32>) -> NumericsWide {
    return numerics_wide_mul(
        numerics_split(x),
        NumericsWide(vec4<f32>(1.70166015625), vec4<f32>(0.00033984375)),
    );
}

fn quick_gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_gate(x, quick_gelu_argument(x));
}

// As silu_grad, with 1.702 x for x.
fn quick_gelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = quick_gelu_argument(max(-abs(x), vec4<f32>(-200.0)));
    let left = numerics_logistic_grad(v, numerics_wide_scale(v, -1.0));
    let value = select(left, 1.0 - left, x > vec4<f32>(0.0));
    return select(value, x, numerics_is_nan(x));
}
