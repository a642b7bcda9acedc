// hardshrink(x) = 0 where |x| <= lambda = p.x, else x.

fn hardshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_select(x, vec4<f32>(0.0), numerics_is_within(x, p.xxxx));
}

// 0 where |x| <= lambda, else 1; NaN for NaN.
fn hardshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(vec4<f32>(1.0), vec4<f32>(0.0), numerics_is_within(x, p.xxxx));
    return numerics_or_nan(value, x);
}
