// hardsigmoid(x) = min(max(x + 3, 0), 6) / 6.

fn hardsigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let near = numerics_with_sign(numerics_abs(x, 3.0), x);
    return numerics_or_nan(numerics_sixth(vec4<f32>(3.0), near), x);
}

// 1/6 strictly between -3 and 3, else 0; NaN for NaN.
fn hardsigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let inside = numerics_size(x) < vec4<u32>(0x40400000u);
    return numerics_or_nan(select(vec4<f32>(0.0), vec4<f32>(0.16666667), inside), x);
}
