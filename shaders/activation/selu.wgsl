// selu(x) = lambda * x for x > 0; else lambda * alpha * (exp(x) - 1).

// lambda, 1.0507009873554805.
fn selu_lambda() -> NumericsWide {
    return NumericsWide(vec4<f32>(1.05029296875), vec4<f32>(0.00040801861));
}

// lambda * alpha, 1.7580993408473766.
fn selu_lambda_alpha() -> NumericsWide {
    return NumericsWide(vec4<f32>(1.75732421875), vec4<f32>(0.000775122097376606));
}

fn selu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 27.0);
    let less = numerics_expm1(numerics_exp(numerics_plain(-size)));
    // Around 0 it is a multiple of x, which may be subnormal.
    let positive = numerics_is_positive(x);
    let linear = positive | (size < vec4<f32>(7.4505806e-9));
    let a = numerics_parts(x);
    let factor = numerics_wide_select(less, numerics_plain(a.significand), linear);
    let slope = numerics_wide_select(selu_lambda_alpha(), selu_lambda(), positive);
    let product = numerics_wide_mul(numerics_wide_split(factor), slope);
    let value = numerics_scale(numerics_value(product), select(vec4<i32>(0), a.exponent, linear));
    return numerics_select(value, x, (bitcast<vec4<u32>>(x) == vec4<u32>(0x7f800000u)) | numerics_is_nan(x));
}

// lambda where x > 0, else lambda * alpha * exp(x); NaN for NaN.
fn selu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(-numerics_abs(x, 110.0)));
    let product = numerics_wide_mul(numerics_exp_factor(e), selu_lambda_alpha());
    let value = numerics_shrink(numerics_value(product), e.exponent);
    return numerics_or_nan(select(value, vec4<f32>(1.050701), numerics_is_positive(x)), x);
}
