// elu(x) = x > 0: x; else alpha * (exp(x) - 1), with alpha = p.x of any size and sign.

fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return select(x, p.xxxx * numerics_short_expm1(x), numerics_is_negative(x));
}

// 1 where x > 0, else alpha * exp(x); NaN for NaN.
fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(min(x, vec4<f32>(0.0))));
    // A small alpha is scaled, so that no tail is a subnormal, which a device may flush.
    let small = abs(p.xxxx) < vec4<f32>(1.0e-20);
    let alpha = p.xxxx * select(vec4<f32>(1.0), vec4<f32>(1.0995116e12), small);
    let scaled = numerics_exp_times(e, numerics_split(alpha));
    let value = scaled * select(vec4<f32>(1.0), vec4<f32>(9.094947e-13), small);
    let right = select(value, vec4<f32>(1.0), numerics_is_positive(x));
    return select(right, x, numerics_is_nan(x));
}
