// softsign(x) = x / (1 + |x|).

fn softsign(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Past 1e9 it is the sign, also at infinity.
    let near = clamp(x, vec4<f32>(-1.0e9), vec4<f32>(1.0e9));
    return select(near / (1.0 + abs(near)), x, numerics_is_nan(x));
}

// 1 / (1 + |x|)^2, in two divisions, so that the square cannot overflow.
fn softsign_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let d = 1.0 + abs(x);
    return select((1.0 / d) / d, x, numerics_is_nan(x));
}
