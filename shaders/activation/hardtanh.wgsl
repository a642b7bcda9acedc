// hardtanh(x) = x between min_val = p.x and max_val = p.y, and these beyond.

fn hardtanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(select(x, p.xxxx, x < p.xxxx), p.yyyy, x > p.yyyy);
    return select(value, x, numerics_is_nan(x));
}

// 1 strictly between, else 0; NaN for NaN.
fn hardtanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let inside = (x > p.xxxx) & (x < p.yyyy);
    let value = select(vec4<f32>(0.0), vec4<f32>(1.0), inside);
    return select(value, x, numerics_is_nan(x));
}
