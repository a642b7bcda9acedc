// softplus(x) = ln(1 + exp(beta x)) / beta, and x where beta x > threshold; beta = p.x, threshold = p.y.

// beta x with more bits: its rounding error would be multiplied by itself.
fn softplus_argument(x: vec4<f32>, p: vec4<f32>) -> NumericsWide {
    let a = numerics_parts(x);
    let b = numerics_parts(p.xxxx);
    let product = numerics_wide_mul(numerics_split(a.significand), numerics_split(b.significand));
    return numerics_argument(product, a.exponent + b.exponent);
}

// Past 60 it is x in any case.
fn softplus_is_linear(v: NumericsWide, p: vec4<f32>) -> vec4<bool> {
    let above = numerics_add(numerics_sub(v.head, min(p.yyyy, vec4<f32>(400.0))), v.tail);
    return (above > vec4<f32>(0.0)) | (v.head > vec4<f32>(60.0));
}

fn softplus(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let beta = numerics_parts(p.xxxx);
    let inverse = numerics_wide_div(numerics_plain(vec4<f32>(1.0)), numerics_split(beta.significand));
    let sum = numerics_softplus(v);
    let quotient = numerics_wide_mul(numerics_wide_split(sum.value), inverse);
    let value = numerics_scale(numerics_value(quotient), sum.exponent - beta.exponent);
    return numerics_select(value, x, softplus_is_linear(v, p) | numerics_is_nan(x));
}

// The logistic function of beta x; 1 where beta x > threshold.
fn softplus_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let value = select(numerics_logistic(v), vec4<f32>(1.0), softplus_is_linear(v, p));
    return numerics_or_nan(value, x);
}
