// hardswish(x) = x min(max(x + 3, 0), 6) / 6.

fn hardswish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let middle = clamp(x, vec4<f32>(-3.0), vec4<f32>(3.0));
    let value = select(middle * ((middle + 3.0) / 6.0), x, x >= vec4<f32>(3.0));
    return select(value, x, numerics_is_nan(x));
}

// 0 for x <= -3, x / 3 + 1 / 2 for x < 3, else 1; NaN for NaN.
fn hardswish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let middle = select(x / 3.0 + 0.5, vec4<f32>(0.0), x <= vec4<f32>(-3.0));
    let value = select(middle, vec4<f32>(1.0), x >= vec4<f32>(3.0));
    return select(value, x, numerics_is_nan(x));
}
