// softplus(x) = ln(1 + exp(beta x)) / beta, and x where beta x > threshold; beta = p.x, threshold = p.y.

// beta x with more bits: its rounding error would be multiplied by itself. An overflow is the largest number.
fn softplus_argument(x: vec4<f32>, p: vec4<f32>) -> NumericsWide {
    let most = vec4<f32>(3.4028234e38);
    let plain = numerics_plain(clamp(x * p.xxxx, -most, most));
    // Small numbers are scaled, so that no tail is a subnormal, which a device may flush.
    let small = (abs(x) < vec4<f32>(1.0e-24)) & (p.xxxx > vec4<f32>(1.0e20));
    let up = select(vec4<f32>(1.0), vec4<f32>(1.0995116e12), small);
    let down = select(vec4<f32>(1.0), vec4<f32>(9.094947e-13), small);
    let wide = numerics_wide_mul(numerics_split(x * up), numerics_split(p.xxxx * down));
    let large = abs(plain.head) == most;
    return NumericsWide(
        select(wide.head, plain.head, large),
        select(wide.tail, plain.tail, large),
    );
}

fn softplus_is_linear(v: NumericsWide, p: vec4<f32>) -> vec4<bool> {
    return (v.head - p.yyyy) + v.tail > vec4<f32>(0.0);
}

fn softplus(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let value = numerics_softplus(v, x, p.xxxx);
    return select(value, x, softplus_is_linear(v, p) | numerics_is_nan(x));
}

// The logistic function of beta x; 1 where beta x > threshold.
fn softplus_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let v = softplus_argument(x, p);
    let value = numerics_logistic(v);
    let right = select(value, vec4<f32>(1.0), softplus_is_linear(v, p));
    return select(right, x, numerics_is_nan(x));
}
