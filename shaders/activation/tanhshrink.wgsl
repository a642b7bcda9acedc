// tanhshrink(x) = x - tanh(x).

// For |x| <= 0.5: x^3 times its series, of which 1 / 3 is in two parts.
fn tanhshrink_near(x: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 0.5);
    let rest = numerics_add(vec4<f32>(8.1380208e-5), numerics_tanhshrink_series(numerics_mul(size, size)));
    let series = NumericsWide(vec4<f32>(0.333251953125), rest);
    let a = numerics_parts(x);
    let split = numerics_split(a.significand);
    let square = numerics_wide_split(numerics_wide_mul(split, split));
    let inner = numerics_wide_split(numerics_wide_mul(square, numerics_wide_split(series)));
    return numerics_shrink_signed(numerics_value(numerics_wide_mul(split, inner)), 3 * a.exponent);
}

fn tanhshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Past 2^30 it is x, also at infinity.
    let size = numerics_abs(x, 1073741824.0);
    let t = numerics_tanh(min(size, vec4<f32>(20.0)));
    let sum = numerics_fast_two_sum(size, -t.head);
    let far = numerics_add(sum.head, numerics_sub(sum.tail, t.tail));
    let value = select(numerics_with_sign(far, x), tanhshrink_near(x), size < vec4<f32>(0.5));
    return numerics_select(value, x, (size == vec4<f32>(1073741824.0)) | numerics_is_nan(x));
}

// tanh(x)^2, with tanh(a) = m / (2 - m) and -m = exp(-2a) - 1.
fn tanhshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 13.0);
    let less = numerics_expm1(numerics_exp(numerics_plain(-2.0 * size)));
    let t = numerics_wide_div(numerics_wide_negate(less), numerics_fast_plus_wide(vec4<f32>(2.0), less));
    // Below 2^-13 tanh(x) is x.
    let tiny = size < vec4<f32>(0.00012207031);
    let a = numerics_parts(x);
    let split = numerics_wide_split(numerics_wide_select(t, numerics_plain(a.significand), tiny));
    let square = numerics_value(numerics_wide_mul(split, split));
    let value = numerics_shrink(square, select(vec4<i32>(0), 2 * a.exponent, tiny));
    return numerics_or_nan(value, x);
}
