// a + b, rounded before another operation uses it.

fn add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(numerics_plus(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b)));
}
