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

@group(0) @binding(4) var<uniform> given: Params;

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

@group(0) @binding(1) var<storage, read_write> mask: array<u32>;

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

@group(0) @binding(3) var<storage, read> residual: array<vec4<u32>>;

fn at_residual(i: u32) -> u32 {
    return params.offset_residual + i;
}

// shaders/operand/data.wgsl
// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has four
// elements or one.

struct Data {
    x: vec4<u32>,
    residual: vec4<u32>,
}

struct Results {
    y: vec4<u32>,
}

fn load(i: u32) -> Data {
    return Data(
        load_x(i),
        load_residual(i),
    );
}

fn store(i: u32, results: Results) {
    store_y(i, results.y);
}

fn four_count() -> u32 {
    return params.length;
}

// Two neighbouring fours, and the bits of a mask that belong to them.
struct Pair {
    first: Data,
    second: Data,
}

const FIRST_BITS = vec4<u32>(1u, 2u, 4u, 8u);
const SECOND_BITS = vec4<u32>(16u, 32u, 64u, 128u);

fn pair_count() -> u32 {
    return (four_count() + 1u) / 2u;
}

fn load_pair(i: u32) -> Pair {
    return Pair(load(2u * i), load(2u * i + 1u));
}

fn store_pair(i: u32, first: Results, second: Results) {
    store(2u * i, first);
    if (2u * i + 1u < four_count()) {
        store(2u * i + 1u, second);
    }
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

const MASK_BITS = 2u;

// The higher of the two values.
const UPPER_VALUE = 1065353216u;
// shaders/kernel/masked_forward.wgsl
// y = f(x) and the mask.

fn bits_of(first: vec4<bool>, second: vec4<bool>, step: u32) -> u32 {
    let none = vec4<u32>(0u);
    let bits = select(none, FIRST_BITS, first) | select(none, SECOND_BITS, second);
    return (bits.x | bits.y | bits.z | bits.w) << (8u * step);
}

fn is_high(derivative: vec4<f32>) -> vec4<bool> {
    return bitcast<vec4<u32>>(derivative) == vec4<u32>(UPPER_VALUE);
}

fn is_nan(derivative: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(derivative) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn run_mask(index: u32, first: u32, count: u32) {
    var high = 0u;
    var nan = 0u;
    for (var step = 0u; step < 4u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let pair = load_pair(i);
        let a = activation_input(pair.first);
        let b = activation_input(pair.second);
        let y_a = with_residual(bitcast<vec4<u32>>(activate(a, pair.first, 2u * i)), pair.first);
        let y_b = with_residual(bitcast<vec4<u32>>(activate(b, pair.second, 2u * i + 1u)), pair.second);
        let grad_a = activate_grad(a, pair.first, 2u * i);
        let grad_b = activate_grad(b, pair.second, 2u * i + 1u);
        store_pair(i, Results(y_a), Results(y_b));
        high |= bits_of(is_high(grad_a), is_high(grad_b), step);
        nan |= bits_of(is_nan(grad_a), is_nan(grad_b), step);
    }
    mask[params.offset_mask + MASK_BITS * index] = high;
    mask[params.offset_mask + MASK_BITS * index + 1u] = nan;
}
// shaders/kernel/fused.wgsl
// The additions before and after the activation.

fn activation_input(data: Data) -> vec4<f32> {
    return bitcast<vec4<f32>>(data.x);
}

fn with_residual(result: vec4<u32>, data: Data) -> vec4<u32> {
    return add(result, data.residual);
}
// shaders/kernel/add.wgsl
// a + b, rounded before another operation uses it.

fn add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(numerics_plus(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b)));
}
// shaders/kernel/activate.wgsl
// The activation and its derivative, under the names that kernels call. i counts vectors of four elements.

fn activate(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return relu6(x, params.activation);
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return relu6_grad(x, params.activation);
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_y(i: u32, four: vec4<u32>) {
    y[at_y(i)] = four;
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_x(i: u32) -> vec4<u32> {
    return x[at_x(i)];
}

// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_residual(i: u32) -> vec4<u32> {
    return residual[at_residual(i)];
}

// shaders/numerics.wgsl, left out
// shaders/activation/relu6.wgsl
// relu6(x) = min(max(x, 0), 6), on the bits: NaN passes with its payload, -0.0 stays.

fn relu6(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    // 0x40c00000 is 6.
    let above = (bits - vec4<u32>(0x40c00001u)) <= vec4<u32>(0x3ebfffffu);
    let low = select(bits, vec4<u32>(0u), negative);
    return bitcast<vec4<f32>>(select(low, vec4<u32>(0x40c00000u), above));
}

// 1 where 0 < x < 6, else 0; NaN for NaN.
fn relu6_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let inside = (bits - vec4<u32>(1u)) < vec4<u32>(0x40bfffffu);
    let nan = (bits & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return select(select(vec4<f32>(0.0), vec4<f32>(1.0), inside), x, nan);
}

