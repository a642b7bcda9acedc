// a + b, rounded before anything else happens to it: compilers fold sums into what follows, but cannot see
// through the mark that makes a NaN a quiet one.

fn add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let sum = bitcast<vec4<u32>>(bitcast<vec4<f32>>(a) + bitcast<vec4<f32>>(b));
    let nan = (sum & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return select(sum, sum | vec4<u32>(0x00400000u), nan);
}
