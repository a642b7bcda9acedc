// celu(x) = x > 0: x; else alpha * (exp(x / alpha) - 1), with alpha = p.x of any sign, but not 0.

// x / alpha with more bits: its rounding error would be multiplied by itself.
fn celu_argument(x: NumericsParts, alpha: NumericsParts) -> NumericsWide {
    let quotient = numerics_wide_div(numerics_plain(abs(x.significand)), numerics_split(abs(alpha.significand)));
    let infinite = x.exponent > vec4<i32>(127);
    let size = numerics_argument(quotient, select(x.exponent - alpha.exponent, vec4<i32>(20), infinite));
    let positive = (x.significand < vec4<f32>(0.0)) == (alpha.significand < vec4<f32>(0.0));
    return numerics_wide_select(numerics_wide_negate(size), size, positive);
}

fn celu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = numerics_parts(x);
    let alpha = numerics_parts(p.xxxx);
    let e = numerics_exp(celu_argument(a, alpha));
    // Past 2^40 the 1 does not count.
    let exponent = clamp(e.exponent, vec4<i32>(-40), vec4<i32>(40));
    let less = numerics_wide_split(numerics_expm1(NumericsExp(e.fraction, e.rest, exponent)));
    let product = numerics_wide_mul(less, numerics_split(alpha.significand));
    let value = numerics_scale(numerics_value(product), alpha.exponent + max(e.exponent - vec4<i32>(40), vec4<i32>(0)));
    // Where x / alpha is tiny, celu(x) is x.
    let tiny = a.exponent - alpha.exponent < vec4<i32>(-27);
    return numerics_select(x, value, numerics_is_negative(x) & !tiny);
}

// 1 where x > 0, else exp(x / alpha); NaN for NaN.
fn celu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(celu_argument(numerics_parts(x), numerics_parts(p.xxxx)));
    let value = numerics_scale(numerics_value(numerics_exp_factor(e)), e.exponent);
    return numerics_or_nan(select(value, vec4<f32>(1.0), numerics_is_positive(x)), x);
}
