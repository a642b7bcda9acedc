// What an element adds to the gradient of its slope: x dy, and nothing where x > 0, whatever dy is.
fn slope_term(x: vec4<u32>, dy: vec4<u32>) -> vec4<f32> {
    let product = bitcast<vec4<f32>>(x) * bitcast<vec4<f32>>(dy);
    let positive = (x - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
    return select(product, vec4<f32>(0.0), positive);
}
