// softplus(x) = ln(1 + exp(beta x)) / beta, and x where beta x > threshold; beta = p.x, threshold = p.y.

fn softplus_inverse(beta: NumericsParts) -> NumericsWide {
    return numerics_wide_div(numerics_plain(vec4<f32>(1.0)), numerics_split(beta.significand));
}

// beta x with more bits: its rounding error would be multiplied by itself.
fn softplus_argument(x: vec4<f32>, beta: NumericsParts) -> NumericsWide {
    let limit = numerics_mul(vec4<f32>(300.0), softplus_inverse(beta).head);
    let a = numerics_argument(x, beta.exponent, limit);
    return numerics_wide_mul(numerics_split(a), numerics_split(beta.significand));
}

// Whether beta x > threshold.
fn softplus_is_above(x: NumericsParts, beta: NumericsParts, threshold: NumericsParts) -> vec4<bool> {
    let product = numerics_wide_mul(numerics_split(x.significand), numerics_split(beta.significand));
    let exponent = x.exponent + beta.exponent;
    // Both are scaled by the larger exponent. A number of 2^-60 of the other one matters only by its sign.
    let larger = max(exponent, threshold.exponent);
    let scaled = numerics_wide_scale(product, numerics_exp2(max(exponent - larger, vec4<i32>(-60))));
    let limit = numerics_mul(threshold.significand, numerics_exp2(max(threshold.exponent - larger, vec4<i32>(-60))));
    return numerics_add(numerics_sub(scaled.head, limit), scaled.tail) > vec4<f32>(0.0);
}

// Whether x is past the largest x of the curve. This limit depends only on the parameters, so one comparison per
// element remains. A threshold past 60 makes no difference.
fn softplus_is_linear(x: vec4<f32>, p: vec4<f32>) -> vec4<bool> {
    let sixty = vec4<f32>(60.0);
    let given = numerics_select(p.yyyy, sixty, numerics_order(p.yyyy) > numerics_order(sixty));
    let zero = numerics_size(given) == vec4<u32>(0u);
    let beta = numerics_parts(p.xxxx);
    let threshold = numerics_parts(given);
    let quotient = numerics_value(numerics_wide_mul(numerics_split(threshold.significand), softplus_inverse(beta)));
    // Rounded up or down.
    let near = numerics_scale(quotient, threshold.exponent - beta.exponent);
    let above = softplus_is_above(numerics_parts(near), beta, threshold);
    let least = numerics_size(near) == vec4<u32>(0u);
    let up = select(above, numerics_is_negative(given), least) & !zero;
    let limit = select(numerics_order(near), vec4<i32>(0), zero) - select(vec4<i32>(0), vec4<i32>(1), up);
    // -inf is on the curve, also where the largest x of the curve is beyond f32.
    return numerics_order(x) > max(limit, vec4<i32>(-0x7f800000));
}

fn softplus(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let beta = numerics_parts(p.xxxx);
    let sum = numerics_softplus(softplus_argument(x, beta));
    let quotient = numerics_wide_mul(numerics_wide_split(sum.value), softplus_inverse(beta));
    let value = numerics_scale(numerics_value(quotient), sum.exponent - beta.exponent);
    return numerics_select(value, x, softplus_is_linear(x, p) | numerics_is_nan(x));
}

// The logistic function of beta x; 1 where beta x > threshold.
fn softplus_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_logistic(softplus_argument(x, numerics_parts(p.xxxx)));
    return numerics_or_nan(numerics_select(value, vec4<f32>(1.0), softplus_is_linear(x, p)), x);
}
