// celu(x) = x > 0: x; else alpha * (exp(x / alpha) - 1), with alpha = p.x of any sign, but not 0.

// x / alpha with more bits: its rounding error would be multiplied by itself.
fn celu_argument(x: vec4<f32>, alpha: NumericsParts) -> NumericsWide {
    let a = numerics_argument(x, -alpha.exponent, numerics_mul(vec4<f32>(300.0), abs(alpha.significand)));
    let inverse = numerics_wide_div(numerics_plain(vec4<f32>(1.0)), numerics_split(alpha.significand));
    return numerics_wide_mul(numerics_split(a), inverse);
}

fn celu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let alpha = numerics_parts(p.xxxx);
    let argument = celu_argument(x, alpha);
    let e = numerics_exp(argument);
    // Past 2^40 the 1 makes no difference.
    let exponent = clamp(e.exponent, vec4<i32>(-40), vec4<i32>(40));
    let less = numerics_wide_split(numerics_expm1(NumericsExp(e.coarse, e.square, e.rest, exponent)));
    let product = numerics_wide_mul(less, numerics_split(alpha.significand));
    let value = numerics_scale(numerics_value(product), alpha.exponent + max(e.exponent - vec4<i32>(40), vec4<i32>(0)));
    // Where x / alpha is tiny, celu(x) is x.
    let tiny = abs(argument.head) < vec4<f32>(7.4505806e-9);
    return numerics_select(x, value, numerics_is_negative(x) & !tiny);
}

// 1 where x > 0, else exp(x / alpha); NaN for NaN.
fn celu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(celu_argument(x, numerics_parts(p.xxxx)));
    let value = numerics_scale(numerics_value(numerics_exp_factor(e)), e.exponent);
    return numerics_or_nan(numerics_select(value, vec4<f32>(1.0), numerics_is_positive(x)), x);
}
