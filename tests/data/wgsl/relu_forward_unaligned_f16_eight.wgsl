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

@group(0) @binding(2) var<uniform> given: Params;

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

@group(0) @binding(0) var<storage, read_write> y: array<vec4<u32>>;

fn at_y(i: u32) -> u32 {
    return params.offset_y + i;
}

@group(0) @binding(1) var<storage, read> x: array<u32>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + 8u * i;
}

// shaders/operand/eight.wgsl
// A vector of eight elements. It comes as two fours, the elements of even and of odd index, because these are the halves of
// its u32 or u64.

struct Eight {
    first: vec4<u32>,
    second: vec4<u32>,
}
// shaders/operand/data_eight.wgsl
// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has
// eight elements.

struct Data {
    x: vec4<u32>,
}

struct Results {
    y: vec4<u32>,
}

struct Pair {
    first: Data,
    second: Data,
}

fn load_pair(i: u32) -> Pair {
    let x = load_x(i);
    let first = Data(
        x.first,
    );
    let second = Data(
        x.second,
    );
    return Pair(first, second);
}

fn store_pair(i: u32, first: Results, second: Results) {
    store_y(i, first.y, second.y);
}

fn vector_count() -> u32 {
    return params.length;
}

fn run(i: u32) {
    let pair = load_pair(i);
    store_pair(i, compute(pair.first, 2u * i), compute(pair.second, 2u * i + 1u));
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
// shaders/kernel/forward.wgsl
// y = f(x). Data moves as integers, so that no load or store can touch a NaN's payload.

fn compute(data: Data, i: u32) -> Results {
    let y = activate(activation_input(data), data, i);
    return Results(with_residual(bitcast<vec4<u32>>(y), data));
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
    return relu(x, params.activation);
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return relu_grad(x, params.activation);
}
// shaders/operand/eight_16_bit.wgsl
// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.


fn store_y(i: u32, first: vec4<u32>, second: vec4<u32>) {
    let both = narrow_f16(first) | (narrow_f16(second) << vec4<u32>(16u));
    y[at_y(i)] = both;
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

// shaders/operand/unaligned.wgsl
// An operand whose vectors are no whole vectors of its binding: it starts between two, or its elements are not contiguous.

// Eight contiguous 16-bit elements. They are in four u32, or in five if the first is the upper half of one.
fn load_x(i: u32) -> Eight {
    let at = at_x(i);
    let first = at >> 1u;
    let odd = at & 1u;
    let a = vec4<u32>(word_x(first), word_x(first + 1u), word_x(first + 2u), word_x(first + 3u));
    let b = vec4<u32>(a.yzw, word_x(first + 3u + odd));
    // If `odd` is 0, nothing is left of b.
    let shift = vec4<u32>(16u * odd);
    let both = (a >> shift) | ((b << vec4<u32>(1u)) << (vec4<u32>(31u) - shift));
    return Eight(widen_f16(both & vec4<u32>(0xffffu)), widen_f16(both >> vec4<u32>(16u)));
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

// shaders/activation/relu.wgsl
// relu(x) = max(x, 0), written on the bits: `max` and float comparisons lose NaN, or its payload, on
// many drivers. The sign bit set and no NaN is exactly 0x80000001..=0xff800000, -0.0 left out.

fn relu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));
}

// 0 where x <= 0, else 1, also for NaN: the gradient passes through it, as PyTorch's does.
fn relu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    // x <= 0: everything relu sends to zero, and both zeros.
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    let zero = (bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u);
    return select(vec4<f32>(1.0), vec4<f32>(0.0), negative | zero);
}

