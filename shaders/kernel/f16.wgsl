// Halves of IEEE 754 binary16 to and from the bits of f32, by integers: built-in conversions may flush
// subnormal numbers, and round as they like.

fn widen_f16(h: vec4<u32>) -> vec4<u32> {
    let sign = (h & vec4<u32>(0x8000u)) << vec4<u32>(16u);
    let magnitude = (h & vec4<u32>(0x7fffu)) << vec4<u32>(13u);
    // The exponent's bias is 15, not 127.
    let normal = magnitude + vec4<u32>(112u << 23u);
    let special = magnitude + vec4<u32>(224u << 23u);
    // Subnormal: 2^-14 + the fraction, a normal number, less 2^-14.
    let tiny = bitcast<vec4<f32>>(magnitude + vec4<u32>(113u << 23u)) - vec4<f32>(0x1p-14f);
    var bits = select(normal, special, magnitude >= vec4<u32>(31u << 23u));
    bits = select(bits, bitcast<vec4<u32>>(tiny), magnitude < vec4<u32>(1u << 23u));
    return bits | sign;
}

// To the nearest, ties to even; past the largest to infinity. A NaN keeps the upper bits of its payload, and
// stays one.
fn narrow_f16(bits: vec4<u32>) -> vec4<u32> {
    let sign = (bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u);
    let magnitude = bits & vec4<u32>(0x7fffffffu);
    // From the middle between the largest half, 65504, and what would be the next on.
    let infinite = vec4<u32>(0x7c00u);
    let odd = (magnitude >> vec4<u32>(13u)) & vec4<u32>(1u);
    let normal = (magnitude + vec4<u32>(0xfffu) + odd - vec4<u32>(112u << 23u)) >> vec4<u32>(13u);
    // Below 2^-14: in units of 2^-24, of which the fraction is a multiple by a power of 2.
    let shift = min(vec4<u32>(126u) - min(magnitude >> vec4<u32>(23u), vec4<u32>(126u)), vec4<u32>(25u));
    let fraction = (magnitude & vec4<u32>(0x7fffffu)) | vec4<u32>(0x800000u);
    let kept = fraction >> shift;
    let middle = (vec4<u32>(1u) << shift) >> vec4<u32>(1u);
    let tiny = (fraction + middle - vec4<u32>(1u) + (kept & vec4<u32>(1u))) >> shift;
    let payload = (magnitude >> vec4<u32>(13u)) & vec4<u32>(0x7fffu);
    let nan = select(payload, payload | vec4<u32>(0x200u), payload == infinite);
    var h = select(normal, tiny, magnitude < vec4<u32>(113u << 23u));
    h = select(h, infinite, magnitude >= vec4<u32>(0x477ff000u));
    h = select(h, nan, magnitude > vec4<u32>(0x7f800000u));
    return h | sign;
}
