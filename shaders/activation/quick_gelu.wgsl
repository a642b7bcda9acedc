// quick_gelu(x) = x / (1 + exp(-1.702 x)).

// 1.702 x with more bits: its rounding error would be multiplied by itself.
fn quick_gelu_argument(x: vec4<f32>) -> NumericsWide {
    return numerics_wide_mul(
        numerics_split(x),
        NumericsWide(vec4<f32>(1.70166015625), vec4<f32>(0.00033984375)),
    );
}

fn quick_gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 64.0);
    return numerics_gate(x, size, quick_gelu_argument(numerics_with_sign(size, x)));
}

// silu_grad, with 1.702 x for x.
fn quick_gelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = quick_gelu_argument(numerics_abs(x, 80.0));
    let value = numerics_logistic_grad(numerics_wide_negate(v), numerics_wide_split(v), numerics_is_positive(x));
    return numerics_or_nan(value, x);
}
