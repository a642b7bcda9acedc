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

@group(0) @binding(0) var<storage, read_write> dx: array<vec4<u32>>;

fn at_dx(i: u32) -> u32 {
    return params.offset_dx + i;
}

@group(0) @binding(1) var<storage, read> mask: array<u32>;

@group(0) @binding(2) var<storage, read> dy: array<vec4<u32>>;

fn at_dy(i: u32) -> u32 {
    return params.offset_dy + i;
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
    dy: vec4<u32>,
}

struct Results {
    dx: vec4<u32>,
}

struct Pair {
    first: Data,
    second: Data,
}

fn load_pair(i: u32) -> Pair {
    let dy = load_dy(i);
    let first = Data(
        dy.first,
    );
    let second = Data(
        dy.second,
    );
    return Pair(first, second);
}

fn store_pair(i: u32, first: Results, second: Results) {
    store_dx(i, first.dx, second.dx);
}

// The bits of a mask that belong to the two fours.
const FIRST_BITS = vec4<u32>(1u, 4u, 16u, 64u);
const SECOND_BITS = vec4<u32>(2u, 8u, 32u, 128u);

fn pair_count() -> u32 {
    return params.length;
}
// shaders/kernel/mask_grid.wgsl
// The entry point of kernels with a mask. Each invocation takes VECTORS_PER_INVOCATION u32 of the mask, each with the bits of
// four vectors of eight elements. On every device 8 lanes share a block of 32 vectors, and u32 number m has the vectors
// 32 (m / 8) + m % 8 + 8 step.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let lane = local % LANES;
    let block = block_of(local, workgroup, workgroups) * VECTORS_PER_INVOCATION;
    let count = pair_count();
    // Without a loop, for the reason in grid.wgsl.
    if (VECTORS_PER_INVOCATION == 1u) {
        let first = block * 32u + lane;
        if (first < count) {
            run_mask(block * 8u + lane, first, count);
        }
        return;
    }
    for (var part = 0u; part < VECTORS_PER_INVOCATION; part++) {
        let first = (block + part) * 32u + lane;
        if (first >= count) {
            break;
        }
        run_mask((block + part) * 8u + lane, first, count);
    }
}
// shaders/kernel/mask.wgsl
// A mask has one bit per element, which says which of its two values the derivative has. If the gradient of a NaN is
// NaN, a second u32 has a bit per NaN.

const MASK_BITS = 1u;

// The higher of the two values.
const UPPER_VALUE = 1065353216u;
// shaders/kernel/mask_gradient.wgsl
// dx = dy * f'(x), from the mask that the forward operation wrote. params.activation has the derivative's lower and upper
// value, and a NaN.

// dy times a value: dy itself for 1, and 0 for 0, whatever dy is.
fn times_value(dy: vec4<u32>, value: u32) -> vec4<u32> {
    if (value == 0x3f800000u) {
        return dy;
    }
    let product = numerics_times(bitcast<vec4<f32>>(dy), vec4<f32>(bitcast<f32>(value)));
    return select(bitcast<vec4<u32>>(product), vec4<u32>(0u), (value & 0x7fffffffu) == 0u);
}

fn times_mask_values(dy: vec4<u32>, high: vec4<u32>, nan: vec4<u32>) -> vec4<u32> {
    let values = bitcast<vec4<u32>>(params.activation);
    let low = vec4<u32>(0u);
    let dx = select(low, times_value(dy, UPPER_VALUE), high != vec4<u32>(0u));
    return dx;
}

fn run_mask(index: u32, first: u32, count: u32) {
    let high = mask[params.offset_mask + MASK_BITS * index];
    let nan = 0u;
    for (var step = 0u; step < 4u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let pair = load_pair(i);
        let bits = vec4<u32>(high >> (8u * step));
        let nans = vec4<u32>(nan >> (8u * step));
        let a = times_mask_values(pair.first.dy, bits & FIRST_BITS, nans & FIRST_BITS);
        let b = times_mask_values(pair.second.dy, bits & SECOND_BITS, nans & SECOND_BITS);
        store_pair(i, Results(with_residual(a, pair.first)), Results(with_residual(b, pair.second)));
    }
}
// shaders/kernel/fused.wgsl
// The additions before and after the activation.


fn with_residual(result: vec4<u32>, data: Data) -> vec4<u32> {
    return result;
}
// shaders/operand/eight_16_bit.wgsl
// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.


fn store_dx(i: u32, first: vec4<u32>, second: vec4<u32>) {
    let both = narrow_f16(first) | (narrow_f16(second) << vec4<u32>(16u));
    dx[at_dx(i)] = both;
}
// shaders/operand/eight_16_bit.wgsl
// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.

fn load_dy(i: u32) -> Eight {
    let both = dy[at_dy(i)];
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

// shaders/numerics.wgsl, left out
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

