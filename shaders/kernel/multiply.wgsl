// dy times the derivative.
//
// Where the derivative is exactly 1, dy passes bit for bit. Where it is exactly 0, a piecewise linear activation
// selects 0, so that an infinite or NaN dy does not leak out of a dead input. Where it is infinite, a dy of 0 stays 0,
// and any other dy becomes infinite.

fn multiply(derivative: vec4<f32>, dy: vec4<u32>) -> vec4<u32> {
    let bits = bitcast<vec4<u32>>(derivative);
    let magnitude = bits & vec4<u32>(0x7fffffffu);
    var dx = bitcast<vec4<u32>>(numerics_times(derivative, bitcast<vec4<f32>>(dy)));
    let zero = (dy & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u);
    let infinite = magnitude == vec4<u32>(0x7f800000u);
    dx = select(dx, dy, (bits == vec4<u32>(0x3f800000u)) | (infinite & zero));
#if selects
    dx = select(dx, vec4<u32>(0u), magnitude == vec4<u32>(0u));
#endif
    return dx;
}
