// softshrink(x) = x - lambda for x > lambda = p.x, x + lambda for x < -lambda, else 0.

fn softshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let shrunk = select(x + p.xxxx, x - p.xxxx, x > vec4<f32>(0.0));
    let value = select(shrunk, vec4<f32>(0.0), abs(x) <= p.xxxx);
    return select(value, x, numerics_is_nan(x));
}

// 0 where |x| <= lambda, else 1; NaN for NaN.
fn softshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(vec4<f32>(1.0), vec4<f32>(0.0), abs(x) <= p.xxxx);
    return select(value, x, numerics_is_nan(x));
}
