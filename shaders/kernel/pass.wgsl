// dy times a derivative that is 0 or 1: dy passes bit for bit, or not at all, so that an infinite or NaN dy does not
// leak out of a dead input. A NaN derivative stays NaN.

fn multiply(derivative: vec4<f32>, dy: vec4<u32>) -> vec4<u32> {
    let bits = bitcast<vec4<u32>>(derivative);
    let dx = select(bits, dy, bits == vec4<u32>(0x3f800000u));
    return select(dx, vec4<u32>(0u), (bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u));
}
