// The term of an element in the gradient of its slope: x dy, or 0 where x > 0, whatever dy is.
fn slope_term(x: vec4<u32>, dy: vec4<u32>) -> vec4<f32> {
    let product = numerics_times(bitcast<vec4<f32>>(x), bitcast<vec4<f32>>(dy));
    return numerics_select(product, vec4<f32>(0.0), numerics_is_positive(bitcast<vec4<f32>>(x)));
}
