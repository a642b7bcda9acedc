// hardswish(x) = x min(max(x + 3, 0), 6) / 6.

// (x + 3) / 6, with the errors of fewer steps where that is small.
fn hardswish_slope(x: vec4<f32>) -> vec4<f32> {
    let sixth = vec4<f32>(0.16666667);
    let large = numerics_add(numerics_mul(x, sixth), vec4<f32>(0.5));
    return select(large, numerics_mul(numerics_add(x, vec4<f32>(3.0)), sixth), x < vec4<f32>(-1.0));
}

fn hardswish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 3.0);
    let near = numerics_with_sign(size, x);
    // Around 0, x may be subnormal.
    let tiny = size < vec4<f32>(7.4505806e-9);
    let product = numerics_mul(select(size, numerics_units(x), tiny), hardswish_slope(near));
    let value = numerics_with_sign(select(product, numerics_from_units(product), tiny), x);
    return numerics_select(value, x, (near == vec4<f32>(3.0)) | numerics_is_nan(x));
}

// 0 for x <= -3, x / 3 + 1 / 2 for x < 3, else 1; NaN for NaN.
fn hardswish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    let middle = numerics_add(numerics_mul(near, vec4<f32>(0.33333334)), vec4<f32>(0.5));
    let right = select(middle, vec4<f32>(1.0), near == vec4<f32>(3.0));
    return numerics_or_nan(select(right, vec4<f32>(0.0), near == vec4<f32>(-3.0)), x);
}
