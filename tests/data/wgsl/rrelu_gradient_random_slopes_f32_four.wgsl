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
    dx = select(dx, vec4<u32>(0u), magnitude == vec4<u32>(0u));
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
    return rrelu_with(x, rrelu_random_slopes(draw(i), params.activation));
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return rrelu_grad_with(x, rrelu_random_slopes(draw(i), params.activation));
}
// shaders/kernel/draw.wgsl
// A uniform variate in [0, 1) per element of vector i of four. It depends only on the element's position in the
// operation, the seed and the offset.

fn draw(i: u32) -> vec4<f32> {
    let low = params.first_four.x + i;
    let high = params.first_four.y + select(0u, 1u, low < i);
    let counter = vec4<u32>(low, high, params.draw.z, params.draw.w);
    return random_uniform(random_philox(counter, params.draw.xy));
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_dx(i: u32, four: vec4<u32>) {
    dx[at_dx(i)] = four;
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_x(i: u32) -> vec4<u32> {
    return x[at_x(i)];
}

// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_dy(i: u32) -> vec4<u32> {
    return dy[at_dy(i)];
}

// shaders/random.wgsl
// Random numbers from a counter: Philox 4x32-10 (Salmon et al., 2011). Four u32 per call, the same on every device; no
// state.

// The 64 bits of a product, the upper half first.
fn random_multiply(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross_a = (a >> 16u) * (b & 0xffffu);
    let cross_b = (a & 0xffffu) * (b >> 16u);
    let carry = (low >> 16u) + (cross_a & 0xffffu) + (cross_b & 0xffffu);
    return vec2<u32>((a >> 16u) * (b >> 16u) + (cross_a >> 16u) + (cross_b >> 16u) + (carry >> 16u), a * b);
}

fn random_philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        let a = random_multiply(0xd2511f53u, c.x);
        let b = random_multiply(0xcd9e8d57u, c.z);
        c = vec4<u32>(b.x ^ c.y ^ k.x, b.y, a.x ^ c.w ^ k.y, a.y);
        k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// Multiples of 2^-24 in [0, 1), from random u32.
fn random_uniform(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(words >> vec4<u32>(8u)) * 5.9604645e-8;
}

// shaders/numerics.wgsl, left out
// shaders/activation/rrelu.wgsl
// rrelu(x) = x > 0: x; else a * x. In evaluation a is the mean of lower = p.x and upper = p.y. In training each element
// has a random a.

// Half of the sum, which is rounded once; the sum of the halves where the sum could overflow.
fn rrelu_slope(p: vec4<f32>) -> vec4<f32> {
    let half = vec4<f32>(0.5);
    let large = max(numerics_size(p.xxxx), numerics_size(p.yyyy)) > vec4<u32>(0x7e000000u);
    let lower = numerics_select(p.xxxx, numerics_product(half, p.xxxx), large);
    let upper = numerics_select(p.yyyy, numerics_product(half, p.yyyy), large);
    let sum = numerics_plus(lower, upper);
    return numerics_select(numerics_product(half, sum), sum, large);
}

// The slopes between lower = p.x and upper = p.y for uniform variates in [0, 1); p.z = upper - lower. The product loses
// its last bit, so that no compiler fuses it with the sum.
fn rrelu_random_slopes(variate: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let product = bitcast<vec4<u32>>(numerics_product(variate, p.zzzz)) & vec4<u32>(0xfffffffeu);
    let slope = numerics_plus(p.xxxx, bitcast<vec4<f32>>(product));
    return numerics_select(slope, p.yyyy, numerics_order(slope) > numerics_order(p.yyyy));
}

// With the slopes a. 0 * -inf is 0.
fn rrelu_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    let negative = (bitcast<vec4<u32>>(x) - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return numerics_select(x, numerics_product(a, x), negative);
}

// 1 where x > 0, else a, also for NaN.
fn rrelu_grad_with(x: vec4<f32>, a: vec4<f32>) -> vec4<f32> {
    return numerics_select(a, vec4<f32>(1.0), numerics_is_positive(x));
}

fn rrelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_with(x, rrelu_slope(p));
}

fn rrelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return rrelu_grad_with(x, rrelu_slope(p));
}

