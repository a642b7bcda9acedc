// shaders/kernel/sum.wgsl
// Sums: each of `segments` segments of `length` vectors gives `sums` sums, each over every `sums`-th vector. All lanes
// read neighbouring vectors at each step, and the order is the same on every device.

override WORKGROUP: u32 = 64u;

// Invocations that read neighbouring vectors.
const LANES = 8u;

struct Params {
    // The first vector of each operand in its binding.
    offset_y: u32,
    offset_x: u32,
    offset_dy: u32,
    segments: u32,
    length: u32,
    sums: u32,
    // 1 or 4. They are LANES vectors apart.
    sums_per_invocation: u32,
    padding: u32,
}

@group(0) @binding(3) var<uniform> given: Params;

var<private> params: Params;

// The sums of a vector.
alias Sums = vec4<f32>;

fn plus(a: Sums, b: Sums) -> Sums {
    return numerics_add(a, b);
}

fn sums_of(bits: vec4<u32>) -> Sums {
    return bitcast<vec4<f32>>(bits);
}

fn value(i: u32) -> Sums {
    return slope_term(load_x(i), load_dy(i));
}

fn put(i: u32, sums: Sums) {
    let result = bitcast<vec4<u32>>(with_old(i, sums));
    store_y(i, result);
}

fn with_old(i: u32, sums: Sums) -> Sums {
    return sums;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let invocation = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let index = invocation / LANES * LANES * params.sums_per_invocation + invocation % LANES;
    if (index >= params.segments * params.sums) {
        return;
    }
    let first = index % params.sums;
    let segment = index / params.sums * params.length;
    // The loops are short, because lavapipe ends long ones and reports nothing.
    if (params.sums_per_invocation == 4u) {
        var a = value(segment + first);
        var b = value(segment + first + LANES);
        var c = value(segment + first + 2u * LANES);
        var d = value(segment + first + 3u * LANES);
        for (var i = first + params.sums; i < params.length; i += params.sums) {
            a = plus(a, value(segment + i));
            b = plus(b, value(segment + i + LANES));
            c = plus(c, value(segment + i + 2u * LANES));
            d = plus(d, value(segment + i + 3u * LANES));
        }
        put(index, a);
        put(index + LANES, b);
        put(index + 2u * LANES, c);
        put(index + 3u * LANES, d);
        return;
    }
    var total = value(segment + first);
    var i = first + params.sums;
    // Four loads come before their additions, so that a GPU waits for them together. The order of additions stays.
    for (; i + 3u * params.sums < params.length; i += 4u * params.sums) {
        let a = value(segment + i);
        let b = value(segment + i + params.sums);
        let c = value(segment + i + 2u * params.sums);
        let d = value(segment + i + 3u * params.sums);
        total = plus(plus(plus(plus(total, a), b), c), d);
    }
    for (; i < params.length; i += params.sums) {
        total = plus(total, value(segment + i));
    }
    put(index, total);
}
// shaders/operand/bindings.wgsl
// The bindings of the operands, and the position of vector i in each: in vectors, or in elements if it is unaligned.

@group(0) @binding(0) var<storage, read_write> y: array<vec4<u32>>;

fn at_y(i: u32) -> u32 {
    return params.offset_y + i;
}

@group(0) @binding(1) var<storage, read> x: array<vec2<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

@group(0) @binding(2) var<storage, read> dy: array<vec2<u32>>;

fn at_dy(i: u32) -> u32 {
    return params.offset_dy + i;
}

// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_y(i: u32, four: vec4<u32>) {
    y[at_y(i)] = four;
}
// shaders/operand/four_16_bit.wgsl
// Four 16-bit elements. The operand starts at a multiple of 8 bytes in its binding.

fn load_x(i: u32) -> vec4<u32> {
    let both = x[at_x(i)];
    return widen_f16(vec4<u32>(both.x & 0xffffu, both.x >> 16u, both.y & 0xffffu, both.y >> 16u));
}

// shaders/operand/four_16_bit.wgsl
// Four 16-bit elements. The operand starts at a multiple of 8 bytes in its binding.

fn load_dy(i: u32) -> vec4<u32> {
    let both = dy[at_dy(i)];
    return widen_f16(vec4<u32>(both.x & 0xffffu, both.x >> 16u, both.y & 0xffffu, both.y >> 16u));
}

// shaders/kernel/f16.wgsl
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

// shaders/kernel/slopes.wgsl
// The term of an element in the gradient of its slope: x dy, or 0 where x > 0, whatever dy is.
fn slope_term(x: vec4<u32>, dy: vec4<u32>) -> vec4<f32> {
    let product = numerics_times(bitcast<vec4<f32>>(x), bitcast<vec4<f32>>(dy));
    return numerics_select(product, vec4<f32>(0.0), numerics_is_positive(bitcast<vec4<f32>>(x)));
}

// shaders/numerics.wgsl, left out
