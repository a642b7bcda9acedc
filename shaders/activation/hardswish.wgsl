// hardswish(x) = x min(max(x + 3, 0), 6) / 6.

fn hardswish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    let sixth = numerics_sixth(vec4<f32>(3.0), near);
    // Around 0, x may be subnormal.
    let tiny = abs(near) < vec4<f32>(7.4505806e-9);
    let product = numerics_mul(select(abs(near), numerics_units(x), tiny), sixth);
    let size = select(product, numerics_from_units(product), tiny);
    let value = numerics_with_sign(size, x);
    let inside = select(value, vec4<f32>(0.0), near == vec4<f32>(-3.0));
    return numerics_select(inside, x, (near == vec4<f32>(3.0)) | numerics_is_nan(x));
}

// 0 for x <= -3, x / 3 + 1 / 2 for x < 3, else 1; NaN for NaN.
fn hardswish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    // (3 + 2x) / 6.
    let twice = numerics_add(near, near);
    let large = abs(twice) > vec4<f32>(3.0);
    let three = vec4<f32>(3.0);
    let sixth = numerics_sixth(select(three, twice, large), select(twice, three, large));
    let right = select(sixth, vec4<f32>(1.0), near == vec4<f32>(3.0));
    return numerics_or_nan(select(right, vec4<f32>(0.0), near == vec4<f32>(-3.0)), x);
}
