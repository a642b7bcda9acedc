// threshold(x) = x where x > threshold = p.x, else value = p.y.

fn threshold(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return select(select(p.yyyy, x, x > p.xxxx), x, numerics_is_nan(x));
}

// 1 where x > threshold, else 0; also 1 for NaN, as PyTorch has it.
fn threshold_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(vec4<f32>(0.0), vec4<f32>(1.0), x > p.xxxx);
    return select(value, vec4<f32>(1.0), numerics_is_nan(x));
}
