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

@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

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
    x: vec4<u32>,
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
    let x = load_x(i);
    let dy = load_dy(i);
    let first = Data(
        x.first,
        dy.first,
    );
    let second = Data(
        x.second,
        dy.second,
    );
    return Pair(first, second);
}

fn store_pair(i: u32, first: Results, second: Results) {
    store_dx(i, first.dx, second.dx);
}

fn vector_count() -> u32 {
    return params.length;
}

fn run(i: u32) {
    let pair = load_pair(i);
    store_pair(i, compute(pair.first, 2u * i), compute(pair.second, 2u * i + 1u));
}
// shaders/operand/loaded.wgsl
// Eight 16-bit results that are x or 0, or dy or 0: they are stored as they were loaded, which needs no rounding.

var<private> loaded: vec4<u32>;

fn loaded_or_0(first: vec4<u32>, second: vec4<u32>) -> vec4<u32> {
    let zero = vec4<u32>(0u);
    let even = select(vec4<u32>(0xffffu), zero, first == zero);
    return loaded & (even | select(vec4<u32>(0xffff0000u), zero, second == zero));
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
// shaders/kernel/pass.wgsl
// dy times a derivative that is 0 or 1: dy passes bit for bit, or not at all, so that an infinite or NaN dy does not
// leak out of a dead input. A NaN derivative stays NaN.

fn multiply(derivative: vec4<f32>, dy: vec4<u32>) -> vec4<u32> {
    let bits = bitcast<vec4<u32>>(derivative);
    let dx = select(bits, dy, bits == vec4<u32>(0x3f800000u));
    return select(dx, vec4<u32>(0u), (bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u));
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


fn store_dx(i: u32, first: vec4<u32>, second: vec4<u32>) {
    let both = loaded_or_0(first, second);
    dx[at_dx(i)] = both;
}
// shaders/operand/eight_16_bit.wgsl
// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.

fn load_x(i: u32) -> Eight {
    let both = x[at_x(i)];
    return Eight(widen_bf16(both & vec4<u32>(0xffffu)), widen_bf16(both >> vec4<u32>(16u)));
}

// shaders/operand/eight_16_bit.wgsl
// Eight 16-bit elements, as one vector of u32. Each u32 has an element of even index and one of odd index.

fn load_dy(i: u32) -> Eight {
    let both = dy[at_dy(i)];
    loaded = both;
    return Eight(widen_bf16(both & vec4<u32>(0xffffu)), widen_bf16(both >> vec4<u32>(16u)));
}

// shaders/kernel/bf16.wgsl
// bf16, the upper half of an f32, to and from the bits of f32.

fn widen_bf16(h: vec4<u32>) -> vec4<u32> {
    return h << vec4<u32>(16u);
}

// To the nearest, ties to even. A NaN keeps the upper bits of its payload, and stays NaN.
fn narrow_bf16(bits: vec4<u32>) -> vec4<u32> {
    let kept = bits >> vec4<u32>(16u);
    let rounded = (bits + vec4<u32>(0x7fffu) + (kept & vec4<u32>(1u))) >> vec4<u32>(16u);
    let nan = kept | min(bits & vec4<u32>(0xffffu), vec4<u32>(1u));
    let magnitude = bitcast<vec4<i32>>(bits & vec4<u32>(0x7fffffffu));
    return select(rounded, nan, magnitude > vec4<i32>(0x7f800000));
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

