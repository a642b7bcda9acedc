// f16 (IEEE 754 binary16) to and from the bits of f32, by integers: built-in conversions may flush subnormal numbers, and
// may round in any direction.

fn widen_f16(h: vec4<u32>) -> vec4<u32> {
    let sign = (h & vec4<u32>(0x8000u)) << vec4<u32>(16u);
    let magnitude = (h & vec4<u32>(0x7fffu)) << vec4<u32>(13u);
    // The exponent's bias is 15, not 127.
    let normal = magnitude + vec4<u32>(112u << 23u);
    let special = magnitude + vec4<u32>(224u << 23u);
    // Subnormal: 2^-14 + the fraction, a normal number, less 2^-14.
    let tiny = bitcast<vec4<f32>>(magnitude + vec4<u32>(113u << 23u)) - vec4<f32>(0x1p-14f);
    let ordered = bitcast<vec4<i32>>(magnitude);
    var bits = select(normal, special, ordered >= vec4<i32>(31 << 23u));
    bits = select(bits, bitcast<vec4<u32>>(tiny), ordered < vec4<i32>(1 << 23u));
    return bits | sign;
}

// To the nearest, ties to even; past the largest to infinity. A NaN keeps the upper bits of its payload, and
// stays NaN. Comparisons are signed, because many devices have no unsigned ones.
fn narrow_f16(bits: vec4<u32>) -> vec4<u32> {
    let magnitude = bits & vec4<u32>(0x7fffffffu);
    let ordered = bitcast<vec4<i32>>(magnitude);
    let kept = magnitude >> vec4<u32>(13u);
    let rounded = (magnitude + (kept & vec4<u32>(1u)) + vec4<u32>(0xc8000fffu)) >> vec4<u32>(13u);
    // Below 2^-14, numbers are 2^-24 apart, as around 0.5. So a sum with 0.5 rounds them: every known device rounds sums
    // to the nearest.
    let tiny = bitcast<vec4<u32>>(bitcast<vec4<f32>>(magnitude) + vec4<f32>(0.5)) - vec4<u32>(0x3f000000u);
    var h = select(min(rounded, vec4<u32>(0x7c00u)), tiny, ordered < vec4<i32>(113 << 23u));
    h = select(h, max(kept & vec4<u32>(0x7fffu), vec4<u32>(0x7c01u)), ordered > vec4<i32>(0x7f800000));
    return h | ((bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u));
}
