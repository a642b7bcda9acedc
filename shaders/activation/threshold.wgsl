// threshold(x) = x where x > threshold = p.x, else value = p.y.

fn threshold(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let above = numerics_order(x) > numerics_order(p.xxxx);
    return numerics_or_nan(numerics_select(p.yyyy, x, above), x);
}

// 1 where x > threshold, else 0; also 1 for NaN, as in PyTorch.
fn threshold_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let above = (numerics_order(x) > numerics_order(p.xxxx)) | numerics_is_nan(x);
    return select(vec4<f32>(0.0), vec4<f32>(1.0), above);
}
