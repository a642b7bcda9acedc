// shaders/kernel/params.wgsl
// The parameters of a dispatch, and the block that an invocation takes. The host picks the three constants
// (src/plan/launch_config.rs).

override WORKGROUP: u32 = 64u;
override LANES: u32 = 64u;
override VECTORS_PER_INVOCATION: u32 = 1u;

struct Params {
    activation: vec4<f32>,
    // The key and the upper half of the counter of random numbers.
    draw: vec4<u32>,
    // The first vector of four elements, counted from the start of the operation: 64 bits, the lower half first.
    first_four: vec2<u32>,
    // Divisors for channels.wgsl.
    by_inner: vec2<u32>,
    by_channels: vec2<u32>,
    // Divisors of the sizes of a row, a plane and a block, in vectors (strided.wgsl).
    by_row: vec2<u32>,
    by_plane: vec2<u32>,
    by_block: vec2<u32>,
    // The sizes of the dimensions. The last is in vectors.
    shape: vec4<u32>,
    // Element i of the dispatch has the channel (first_in_row + i) / inner % channels.
    channels: u32,
    inner: u32,
    first_in_row: u32,
    // The length of the dispatch, in vectors.
    length: u32,
    // The dispatch's first vector, counted from the start of the region.
    first_vector: u32,
    // The first number of each operand in its binding. The unit is one load: a vector per element, a number per channel (a
    // vector if the pattern is consecutive), a u32 of a mask.
    offset_y: u32,
    offset_y_negated: u32,
    offset_dx: u32,
    offset_dgate: u32,
    offset_mask: u32,
    offset_x: u32,
    offset_dy: u32,
    offset_dy_negated: u32,
    offset_gate: u32,
    offset_bias: u32,
    offset_weight: u32,
    offset_residual: u32,
    // The vectors from one to the next in each dimension, of each operand.
    stride_y: vec4<u32>,
    stride_y_negated: vec4<u32>,
    stride_dx: vec4<u32>,
    stride_dgate: vec4<u32>,
    stride_mask: vec4<u32>,
    stride_x: vec4<u32>,
    stride_dy: vec4<u32>,
    stride_dy_negated: vec4<u32>,
    stride_gate: vec4<u32>,
    stride_bias: vec4<u32>,
    stride_weight: vec4<u32>,
    stride_residual: vec4<u32>,
}

@group(0) @binding(3) var<uniform> given: Params;

// A copy of the uniform, which every entry point makes first. A compiler cannot know that stores leave a uniform as it
// is, and would load it again at every step.
var<private> params: Params;

// LANES neighbouring invocations walk a block of their own together, so that they touch consecutive memory at each step.
// The grid is two-dimensional past the device's limit for one dimension.
fn block_of(local: u32, workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
    return (workgroup.y * workgroups.x + workgroup.x) * (WORKGROUP / LANES) + local / LANES;
}
// shaders/operand/bindings.wgsl
// The bindings of the operands, and the position of vector i in each: in vectors, or in elements if it is unaligned.

@group(0) @binding(0) var<storage, read_write> dx: array<atomic<u32>>;

fn at_dx(i: u32) -> u32 {
    return params.offset_dx + i;
}

@group(0) @binding(1) var<storage, read> x: array<u32>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

@group(0) @binding(2) var<storage, read> dy: array<u32>;

fn at_dy(i: u32) -> u32 {
    return params.offset_dy + i;
}

// shaders/operand/data.wgsl
// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has four
// elements or one.

struct Data {
    x: vec4<u32>,
    dy: vec4<u32>,
}

struct Results {
    dx: vec4<u32>,
}

fn load(i: u32) -> Data {
    return Data(
        load_x(i),
        load_dy(i),
    );
}

fn store(i: u32, results: Results) {
    store_dx(i, results.dx);
}

// The elements of four i.
fn elements_of(i: u32) -> vec4<u32> {
    // Neighbouring invocations take neighbouring elements, because a GPU loads and stores these together.
    let lane = i % LANES;
    return vec4<u32>(4u * (i - lane) + lane) + LANES * vec4<u32>(0u, 1u, 2u, 3u);
}

// The number of fours with any element.
fn four_count() -> u32 {
    let blocks = params.length / (4u * LANES);
    return blocks * LANES + min(params.length - blocks * 4u * LANES, LANES);
}

fn vector_count() -> u32 {
    return four_count();
}

fn run(i: u32) {
    store(i, compute(load(i), i));
}
// shaders/kernel/grid.wgsl
// The entry point of most kernels. Each invocation takes VECTORS_PER_INVOCATION vectors; four single elements count as one.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let first = block_of(local, workgroup, workgroups) * LANES * VECTORS_PER_INVOCATION + local % LANES;
    let count = vector_count();
    // GPUs take this way. naga bounds each loop by counters of its own, so no compiler unrolls a loop of one step.
    if (VECTORS_PER_INVOCATION == 1u) {
        if (first < count) {
            run(first);
        }
        return;
    }
    for (var step = 0u; step < VECTORS_PER_INVOCATION; step++) {
        let i = first + step * LANES;
        if (i >= count) {
            break;
        }
        run(i);
    }
}
// shaders/kernel/gradient.wgsl
// dx = dy * f'(x).

fn compute(data: Data, i: u32) -> Results {
    let derivative = activate_grad(activation_input(data), data, i);
    return Results(with_residual(multiply(derivative, data.dy), data));
}
// shaders/kernel/multiply.wgsl
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
    return dx;
}
// shaders/kernel/fused.wgsl
// The additions before and after the activation.

fn activation_input(data: Data) -> vec4<f32> {
    return bitcast<vec4<f32>>(data.x);
}

fn with_residual(result: vec4<u32>, data: Data) -> vec4<u32> {
    return result;
}
// shaders/kernel/activate.wgsl
// The activation and its derivative, under the names that kernels call. i counts vectors of four elements.

fn activate(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return elu(x, params.activation);
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return elu_grad(x, params.activation);
}
// shaders/operand/element.wgsl
// One element as it is stored, at any offset.


fn put_dx(at: u32, bits: u32) {
    // Another invocation may store the other half of the u32, or that half is outside the operation. So only bits of
    // this half are flipped.
    let shift = 16u * (at & 1u);
    let old = atomicLoad(&dx[at >> 1u]) >> shift;
    atomicXor(&dx[at >> 1u], ((old ^ bits) & 0xffffu) << shift);
}
// shaders/operand/one.wgsl
// Four elements, one by one.


fn store_dx(i: u32, four: vec4<u32>) {
    let stored = narrow_f16(four);
    let e = elements_of(i);
    put_dx(at_dx(e.x), stored.x);
    if (e.y < params.length) { put_dx(at_dx(e.y), stored.y); }
    if (e.z < params.length) { put_dx(at_dx(e.z), stored.z); }
    if (e.w < params.length) { put_dx(at_dx(e.w), stored.w); }
}
// shaders/operand/element.wgsl
// One element as it is stored, at any offset.

fn word_x(at: u32) -> u32 {
    return x[at];
}

fn element_x(at: u32) -> u32 {
    // Two elements share a u32.
    return (word_x(at >> 1u) >> (16u * (at & 1u))) & 0xffffu;
}

// shaders/operand/one.wgsl
// Four elements, one by one.

// The last element stands for missing ones, so that nothing outside the range is read.
fn load_x(i: u32) -> vec4<u32> {
    let e = min(elements_of(i), vec4<u32>(params.length - 1u));
    return widen_f16(vec4<u32>(
        element_x(at_x(e.x)),
        element_x(at_x(e.y)),
        element_x(at_x(e.z)),
        element_x(at_x(e.w)),
    ));
}

// shaders/operand/element.wgsl
// One element as it is stored, at any offset.

fn word_dy(at: u32) -> u32 {
    return dy[at];
}

fn element_dy(at: u32) -> u32 {
    // Two elements share a u32.
    return (word_dy(at >> 1u) >> (16u * (at & 1u))) & 0xffffu;
}

// shaders/operand/one.wgsl
// Four elements, one by one.

// The last element stands for missing ones, so that nothing outside the range is read.
fn load_dy(i: u32) -> vec4<u32> {
    let e = min(elements_of(i), vec4<u32>(params.length - 1u));
    return widen_f16(vec4<u32>(
        element_dy(at_dy(e.x)),
        element_dy(at_dy(e.y)),
        element_dy(at_dy(e.z)),
        element_dy(at_dy(e.w)),
    ));
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

// shaders/numerics.wgsl, left out
// shaders/activation/elu.wgsl
// elu(x) = x > 0: x; else alpha * (exp(x) - 1), with alpha = p.x of any size and sign.

fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 27.0);
    let value = numerics_value(numerics_expm1(numerics_exp(numerics_plain(-size))));
    // Around 0 it is alpha x, which may be subnormal.
    let tiny = size < vec4<f32>(5.421011e-20);
    let alpha = numerics_parts(p.xxxx);
    let product = numerics_mul(abs(alpha.significand), select(abs(value), numerics_units(x), tiny));
    let scaled = numerics_shrink(product, alpha.exponent - select(vec4<i32>(0), vec4<i32>(149), tiny));
    return numerics_select(x, numerics_with_sign(scaled, -alpha.significand), numerics_is_negative(x));
}

// 1 where x > 0, else alpha * exp(x); NaN for NaN.
fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(-numerics_abs(x, 250.0)));
    let alpha = numerics_parts(p.xxxx);
    let product = numerics_wide_mul(numerics_exp_factor(e), numerics_split(alpha.significand));
    let value = numerics_scale(numerics_value(product), e.exponent + alpha.exponent);
    return numerics_or_nan(select(value, vec4<f32>(1.0), numerics_is_positive(x)), x);
}

