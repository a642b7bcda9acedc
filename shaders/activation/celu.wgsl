// celu(x) = x > 0: x; else alpha * (exp(x / alpha) - 1), with alpha = p.x of any sign, but not 0.

// exp(x / alpha) for x <= 0. The quotient's rounding error would be multiplied by the quotient, so it is
// taken with its remainder.
fn celu_exp(x: vec4<f32>, p: vec4<f32>) -> NumericsExp {
    // Small numbers are scaled, so that the remainder is no subnormal, which a device may flush.
    let small = (abs(x) < vec4<f32>(1.0e-24)) & (abs(p.xxxx) < vec4<f32>(1.0e24));
    let scale = select(vec4<f32>(1.0), vec4<f32>(1.0995116e12), small);
    let low = min(x, vec4<f32>(0.0)) * scale;
    let whole = p.xxxx * scale;
    let alpha = numerics_split(whole);
    let head = numerics_head(clamp(low / whole, vec4<f32>(-200.0), vec4<f32>(200.0)));
    let remainder = (low - head * alpha.head) - head * alpha.tail;
    let tail = select(remainder / whole, vec4<f32>(0.0), abs(head) == vec4<f32>(200.0));
    return numerics_exp(NumericsWide(head, tail));
}

fn celu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_expm1(celu_exp(x, p), numerics_split(p.xxxx));
    // Where x / alpha is tiny, and may be too small for f32, celu(x) is x.
    let tiny = abs(x) <= 1.0e-8 * abs(p.xxxx);
    return select(value, x, numerics_is_positive(x) | numerics_is_nan(x) | tiny);
}

// 1 where x > 0, else exp(x / alpha); NaN for NaN.
fn celu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_exp_value(celu_exp(x, p));
    let right = select(value, vec4<f32>(1.0), numerics_is_positive(x));
    return select(right, x, numerics_is_nan(x));
}
