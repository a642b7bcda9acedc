// elu(x) = x > 0: x; else alpha * (exp(x) - 1), with alpha = p.x of any size and sign.

fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 27.0);
    let value = numerics_value(numerics_expm1(numerics_exp(numerics_plain(-size))));
    // Around 0 it is alpha x, which may be subnormal.
    let tiny = size < vec4<f32>(5.421011e-20);
    let alpha = numerics_parts(p.xxxx);
    let product = numerics_mul(abs(alpha.significand), select(abs(value), numerics_units(x), tiny));
    let scaled = numerics_shrink(product, alpha.exponent - select(vec4<i32>(0), vec4<i32>(149), tiny));
    return numerics_select(x, numerics_with_sign(scaled, -alpha.significand), numerics_is_negative(x));
}

// 1 where x > 0, else alpha * exp(x); NaN for NaN.
fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(-numerics_abs(x, 250.0)));
    let alpha = numerics_parts(p.xxxx);
    let product = numerics_wide_mul(numerics_exp_factor(e), numerics_split(alpha.significand));
    let value = numerics_scale(numerics_value(product), e.exponent + alpha.exponent);
    return numerics_or_nan(select(value, vec4<f32>(1.0), numerics_is_positive(x)), x);
}
