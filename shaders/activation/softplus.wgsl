// softplus(x) = ln(1 + exp(beta x)) / beta, and x where beta x > threshold; beta = p.x, threshold = p.y.

// beta x with more bits: its rounding error would be multiplied by itself.
fn softplus_argument(x: vec4<f32>, p: vec4<f32>) -> NumericsScaled {
    let a = numerics_parts(x);
    let b = numerics_parts(p.xxxx);
    let product = numerics_wide_mul(numerics_split(a.significand), numerics_split(b.significand));
    let infinite = a.exponent > vec4<i32>(127);
    return NumericsScaled(product, select(a.exponent + b.exponent, vec4<i32>(20), infinite));
}

// Whether beta x > threshold; past 60 it makes no difference.
fn softplus_is_linear(v: NumericsScaled, x: vec4<f32>, p: vec4<f32>) -> vec4<bool> {
    let threshold = numerics_parts(p.yyyy);
    // Both by the larger exponent; what is 2^-60 of the other counts by its sign alone.
    let larger = max(v.exponent, threshold.exponent);
    let scaled = numerics_wide_scale(v.value, numerics_exp2(max(v.exponent - larger, vec4<i32>(-60))));
    let limit = numerics_mul(threshold.significand, numerics_exp2(max(threshold.exponent - larger, vec4<i32>(-60))));
    let above = numerics_add(numerics_sub(scaled.head, limit), scaled.tail) > vec4<f32>(0.0);
    let zero = numerics_size(x) == vec4<u32>(0u);
    let far = (v.exponent > vec4<i32>(5)) & numerics_is_positive(x);
    return select(above, numerics_is_negative(p.yyyy), zero) | far;
}

fn softplus(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let beta = numerics_parts(p.xxxx);
    let sum = numerics_softplus(numerics_argument(v.value, v.exponent));
    let quotient = numerics_wide_div(sum.value, numerics_split(beta.significand));
    let value = numerics_scale(numerics_value(quotient), sum.exponent - beta.exponent);
    return numerics_select(value, x, softplus_is_linear(v, x, p) | numerics_is_nan(x));
}

// The logistic function of beta x; 1 where beta x > threshold.
fn softplus_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let value = numerics_logistic(numerics_argument(v.value, v.exponent));
    return numerics_or_nan(select(value, vec4<f32>(1.0), softplus_is_linear(v, x, p)), x);
}
