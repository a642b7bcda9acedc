// hardswish(x) = x min(max(x + 3, 0), 6) / 6.

fn hardswish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    let sixth = numerics_sixth(numerics_split_sum(vec4<f32>(3.0), near));
    let a = numerics_parts(x);
    let value = numerics_scale(numerics_mul(a.significand, sixth), a.exponent);
    let inside = select(value, vec4<f32>(0.0), near == vec4<f32>(-3.0));
    return numerics_select(inside, x, (near == vec4<f32>(3.0)) | numerics_is_nan(x));
}

// 0 for x <= -3, x / 3 + 1 / 2 for x < 3, else 1; NaN for NaN.
fn hardswish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    // (3 + 2x) / 6.
    let twice = numerics_add(near, near);
    let sum = numerics_split_sum_any(vec4<f32>(3.0), twice);
    let right = select(numerics_sixth(sum), vec4<f32>(1.0), near == vec4<f32>(3.0));
    return numerics_or_nan(select(right, vec4<f32>(0.0), near == vec4<f32>(-3.0)), x);
}
