// relu_squared(x) = max(x, 0)^2.

fn relu_squared(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_select(vec4<f32>(0.0), numerics_product(x, x), numerics_is_positive(x));
    return numerics_or_nan(value, x);
}

// 2 max(x, 0).
fn relu_squared_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = numerics_select(vec4<f32>(0.0), numerics_product(vec4<f32>(2.0), x), numerics_is_positive(x));
    return numerics_or_nan(value, x);
}
