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

@group(0) @binding(5) var<uniform> given: Params;

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

@group(0) @binding(1) var<storage, read_write> dgate: array<vec4<u32>>;

fn at_dgate(i: u32) -> u32 {
    return params.offset_dgate + i;
}

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

@group(0) @binding(3) var<storage, read> dy: array<vec4<u32>>;

fn at_dy(i: u32) -> u32 {
    return params.offset_dy + i;
}

@group(0) @binding(4) var<storage, read> gate: array<vec4<u32>>;

fn at_gate(i: u32) -> u32 {
    return params.offset_gate + i;
}

// shaders/operand/data.wgsl
// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has four
// elements or one.

struct Data {
    x: vec4<u32>,
    dy: vec4<u32>,
    gate: vec4<u32>,
}

struct Results {
    dx: vec4<u32>,
    dgate: vec4<u32>,
}

fn load(i: u32) -> Data {
    return Data(
        load_x(i),
        load_dy(i),
        load_gate(i),
    );
}

fn store(i: u32, results: Results) {
    store_dx(i, results.dx);
    store_dgate(i, results.dgate);
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
// shaders/kernel/gate_gradient.wgsl
// dx = dy * f(gate) and dgate = dy * x * f'(gate). One of the two alone where a device has too few bindings for both.

fn compute(data: Data, i: u32) -> Results {
    let dy = bitcast<vec4<f32>>(data.dy);
    let gate = bitcast<vec4<f32>>(data.gate);
    let dx = bitcast<vec4<u32>>(numerics_times(dy, activate(gate, data, i)));
    let upstream = bitcast<vec4<u32>>(numerics_times(dy, bitcast<vec4<f32>>(data.x)));
    let dgate = multiply(activate_grad(gate, data, i), upstream);
    return Results(
        dx,
        dgate,
    );
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
// shaders/kernel/activate.wgsl
// The activation and its derivative, under the names that kernels call. i counts vectors of four elements.

fn activate(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return gelu(x, params.activation);
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
    return gelu_grad(x, params.activation);
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_dx(i: u32, four: vec4<u32>) {
    dx[at_dx(i)] = four;
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_dgate(i: u32, four: vec4<u32>) {
    dgate[at_dgate(i)] = four;
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

// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_gate(i: u32) -> vec4<u32> {
    return gate[at_gate(i)];
}

// shaders/numerics.wgsl, left out
// shaders/activation/gelu.wgsl
// gelu(x) = x Phi(x), with Phi the standard normal distribution: |x| Phi(-|x|) below 0, and x less that above.
// The errors given are relative, before rounding.

// The argument of exp(-a^2 / 2). The tail has the rounding error of a^2.
fn gelu_argument(a: vec4<f32>) -> NumericsWide {
    let split = numerics_split(a);
    let head = numerics_mul(split.head, numerics_mul(split.head, vec4<f32>(-0.5)));
    let tail = numerics_mul(numerics_mul(split.tail, vec4<f32>(-0.5)), numerics_add(a, split.head));
    return NumericsWide(head, tail);
}

// With Phi(-a) = exp(-a^2 / 2) R(a), a R(a) is a n / (sqrt(2 pi) a n + m): n and m are polynomials whose rounding
// errors matter little where a is large. R(0) is 1/2; error 2e-8. Past 14.5 nothing changes: Phi(-14.5) is 6e-48.
fn gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 14.5);
    let e = numerics_exp(gelu_argument(size));
    var n = numerics_add(size, vec4<f32>(9.426161));
    n = numerics_mul_add(n, size, 41.05884);
    n = numerics_mul_add(n, size, 95.33526);
    let n_sum = numerics_two_sum_positive(vec4<f32>(104.59837), numerics_mul(numerics_rounded(n), size));
    var m = numerics_mul_add(size, vec4<f32>(0.00027571266), 2.4944043);
    m = numerics_mul_add(m, size, 23.859417);
    m = numerics_mul_add(m, size, 95.39626);
    let product = numerics_mul(numerics_rounded(m), size);
    let constant = numerics_two_sum_positive(vec4<f32>(209.19674), product);
    let top = numerics_wide_mul(numerics_split(size), numerics_wide_split(n_sum));
    let linear = numerics_two_sum_positive(constant.head, numerics_mul(top.head, vec4<f32>(2.5066283)));
    let lost = numerics_mul(top.tail, vec4<f32>(2.5066283));
    let below = numerics_fast_split_sum(linear.head, numerics_add(numerics_add(linear.tail, constant.tail), lost));
    let above = numerics_wide_mul(numerics_exp_factor(e), numerics_wide_split(top));
    let tail = numerics_quotient(above, below);
    // Around 0 it is x / 2, which may be subnormal.
    let tiny = size < vec4<f32>(7.4505806e-9);
    let left = numerics_shrink(select(tail, numerics_units(x), tiny), select(e.exponent, vec4<i32>(-150), tiny));
    let scaled = numerics_mul(tail, numerics_exp2(max(e.exponent, vec4<i32>(-100))));
    let right = numerics_select(x, numerics_sub(size, scaled), size < vec4<f32>(14.5));
    let signed = numerics_with_sign(left, x);
    let value = numerics_select(signed, right, numerics_is_positive(x) & !tiny);
    return numerics_or_nan(value, x);
}

// gelu'(-a) for 0 <= a <= 0.5; the odd part has an error of 3e-8.
fn gelu_grad_centre(a: vec4<f32>) -> vec4<f32> {
    let s = numerics_mul(a, a);
    var p = numerics_mul_add(s, vec4<f32>(0.00177365891), -0.0098303752);
    p = numerics_mul_add(p, s, 0.0598947927);
    p = numerics_mul_add(p, s, -0.26596427);
    p = numerics_mul_add(p, s, 0.797884583);
    return numerics_sub(vec4<f32>(0.5), numerics_mul(a, numerics_rounded(p)));
}

// gelu'(-a) for 0 <= a <= 1, around its zero at 0.7518; error 3e-9 of the larger term.
fn gelu_grad_zero(a: vec4<f32>) -> vec4<f32> {
    let u = numerics_sub(a, vec4<f32>(0.75));
    var p = numerics_mul_add(u, vec4<f32>(-0.0029797235), -0.0047363569);
    p = numerics_mul_add(p, u, 0.0195173882);
    p = numerics_mul_add(p, u, 0.0145940753);
    p = numerics_mul_add(p, u, -0.114138156);
    p = numerics_mul_add(p, u, 0.0190160591);
    p = numerics_mul_add(p, u, 0.388184905);
    p = numerics_mul_add(p, u, -0.432885051);
    return numerics_rounded(numerics_mul_add(p, u, 0.000774278538));
}

// R(a) - a / sqrt(2 pi) for a >= 1; error 1.1e-8 of the larger of the two. R is a polynomial of t, which is 0 near 1, where
// the errors of t and of the products would count most. R(1.06201171875) is the constant to 35 bits.
fn gelu_grad_tail(a: vec4<f32>) -> NumericsWide {
    let t = numerics_quotient(
        numerics_plain(numerics_sub(a, vec4<f32>(1.06201171875))),
        numerics_split_sum(a, vec4<f32>(2.5)),
    );
    var p = numerics_mul_add(t, vec4<f32>(-0.00482193846), 0.0153651377);
    p = numerics_mul_add(p, t, -0.00184338936);
    p = numerics_mul_add(p, t, -0.0322388373);
    p = numerics_mul_add(p, t, -0.0354542509);
    p = numerics_mul_add(p, t, 0.268568426);
    p = numerics_mul_add(p, t, -0.462855101);
    let r = numerics_fast_split_sum(vec4<f32>(0.253293097), numerics_mul(numerics_rounded(p), t));
    // 1 / sqrt(2 pi) in two parts.
    let slope = numerics_wide_mul(numerics_split(a), NumericsWide(vec4<f32>(0.39892578125), vec4<f32>(1.6499151e-5)));
    // R(a) is at most a / sqrt(2 pi).
    let sum = numerics_fast_split_sum(-slope.head, r.head);
    return NumericsWide(sum.head, numerics_sub(numerics_add(sum.tail, r.tail), slope.tail));
}

// Phi(x) + x phi(x); the derivative at x is 1 less the one at -x.
fn gelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 15.5);
    let a = max(size, vec4<f32>(1.0));
    let e = numerics_exp(gelu_argument(a));
    let product = numerics_value(numerics_wide_mul(numerics_exp_factor(e), gelu_grad_tail(a)));
    let near = select(gelu_grad_zero(size), gelu_grad_centre(size), size < vec4<f32>(0.5));
    let is_near = size < vec4<f32>(1.0);
    let left = select(numerics_shrink_signed(product, e.exponent), near, is_near);
    let scaled = numerics_mul(product, numerics_exp2(max(e.exponent, vec4<i32>(-60))));
    let right = numerics_sub(vec4<f32>(1.0), select(scaled, near, is_near));
    return numerics_or_nan(select(left, right, numerics_is_positive(x)), x);
}

