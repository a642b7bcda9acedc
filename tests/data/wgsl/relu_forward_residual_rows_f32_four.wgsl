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

@group(0) @binding(0) var<storage, read_write> y: array<vec4<u32>>;

fn at_y(i: u32) -> u32 {
    return params.offset_y + position(i, params.stride_y);
}

@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + position(i, params.stride_x);
}

@group(0) @binding(2) var<storage, read> residual: array<vec4<u32>>;

fn at_residual(i: u32) -> u32 {
    return params.offset_residual + position(i, params.stride_residual);
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
    return relu(x, params.activation);
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return relu_grad(x, params.activation);
}
// shaders/kernel/rows.wgsl
// The position of vector i, counted along rows.
fn position(i: u32, steps: vec4<u32>) -> u32 {
    let index = params.first_vector + i;
    let row = divide(index, params.by_row);
    return (index - row * params.shape.w) * steps.w + row * steps.z;
}
// shaders/kernel/divide.wgsl
// n / d by a product, because many devices divide slowly. The host makes `divisor` from d (src/plan/elementwise.rs), after
// Granlund and Montgomery, 1994.
fn divide(n: u32, divisor: vec2<u32>) -> u32 {
    let m = divisor.x;
    let low = (n & 0xffffu) * (m & 0xffffu);
    let cross_n = (n >> 16u) * (m & 0xffffu);
    let cross_m = (n & 0xffffu) * (m >> 16u);
    let carry = (low >> 16u) + (cross_n & 0xffffu) + (cross_m & 0xffffu);
    let high = (n >> 16u) * (m >> 16u) + (cross_n >> 16u) + (cross_m >> 16u) + (carry >> 16u);
    let first = min(divisor.y, 1u);
    return (high + ((n - high) >> first)) >> (divisor.y - first);
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

