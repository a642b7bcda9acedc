// shaders/kernel/statistics.wgsl
// Statistics of units: each of `segments` segments of `length` elements gives `sums` results, each over every `sums`-th
// element in a fixed order. The first pass reads elements (statistics_elements.wgsl). The others merge the results of
// the previous pass (statistics_merge.wgsl).

override WORKGROUP: u32 = 64u;

// The finite elements: their number, the zeros, those at the lower and at the upper bound, the mean, and the sum of the
// squared deviations from it.
struct UnitStatistics {
    count: u32,
    zeros: u32,
    low: u32,
    high: u32,
    not_finite: u32,
    mean: f32,
    squares: f32,
    unused: u32,
}

struct Params {
    // The first element of each operand in its binding.
    offset_y: u32,
    offset_x: u32,
    segments: u32,
    length: u32,
    sums: u32,
    // For statistics_layer.wgsl.
    offset_result: u32,
    offset_bias: u32,
    first_channel: u32,
    // The first and the last saturated output at the lower bound, then those at the upper bound.
    bounds: vec4<f32>,
    activation: vec4<f32>,
    channels: u32,
    inner: u32,
}

// a / count.
fn over(a: vec4<f32>, count: u32) -> vec4<f32> {
    let divisor = numerics_split(vec4<f32>(f32(count)));
    return numerics_value(numerics_wide_div(numerics_plain(a), divisor));
}

@group(0) @binding(4) var<uniform> params: Params;
@group(0) @binding(0) var<storage, read_write> y: array<UnitStatistics>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let index = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if (index >= params.segments * params.sums) {
        return;
    }
    let segment = params.offset_x + index / params.sums * params.length;
    let first = index % params.sums;
    begin(segment + first);
    var total: UnitStatistics;
    for (var i = first; i < params.length; i += params.sums) {
        total = joined(total, segment + i);
    }
    y[params.offset_y + index] = total;
}
// shaders/kernel/statistics_elements.wgsl
// Adds one element.

@group(0) @binding(1) var<storage, read> x: array<u32>;

fn joined(total: UnitStatistics, i: u32) -> UnitStatistics {
    let bits = element(i);
    var record = total;
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        record.not_finite += 1u;
        return record;
    }
    let value = bitcast<f32>(bits);
    record.count += 1u;
    record.zeros += select(0u, 1u, (bits & 0x7fffffffu) == 0u);
    record.low += select(0u, 1u, value >= params.bounds.x && value <= params.bounds.y);
    record.high += select(0u, 1u, value >= params.bounds.z && value <= params.bounds.w);
    // Welford's update.
    let deviation = numerics_sub(vec4<f32>(value), vec4<f32>(total.mean));
    record.mean = numerics_add(vec4<f32>(total.mean), over(deviation, record.count)).x;
    let product = numerics_mul(deviation, numerics_sub(vec4<f32>(value), vec4<f32>(record.mean)));
    record.squares = numerics_add(vec4<f32>(total.squares), product).x;
    return record;
}
// shaders/kernel/statistics_layer.wgsl
// The elements are the outputs of a layer, y = f(x + bias), which this pass stores too.

@group(0) @binding(2) var<storage, read_write> result: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;

// The bias of the channel, which is the same for all elements of an invocation.
var<private> shift: vec4<u32>;

fn activate(x: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(tanh(bitcast<vec4<f32>>(x), params.activation));
}

fn begin(i: u32) {
    // The dispatch's first element is the first of a channel.
    let channel = (params.first_channel + (i - params.offset_x) / params.inner) % params.channels;
    shift = vec4<u32>(bias[params.offset_bias + channel]);
}

fn element(i: u32) -> u32 {
    let y = activate(add(vec4<u32>(x[i]), shift)).x;
    result[params.offset_result + i - params.offset_x] = y;
    return y;
}
// shaders/kernel/add.wgsl
// a + b, rounded before another operation uses it.

fn add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(numerics_plus(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b)));
}
// shaders/numerics.wgsl, left out
// shaders/activation/tanh.wgsl
// tanh(x): around 0 by its series, beyond as (1 - e) / (1 + e) with e = exp(-2|x|).

fn tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 20.0);
    let far = numerics_value(numerics_tanh(size));
    let small = numerics_tanhshrink_small(size);
    let sum = numerics_fast_two_sum(size, -small.head);
    let near = numerics_add(sum.head, numerics_sub(sum.tail, small.tail));
    let value = select(far, near, size < vec4<f32>(0.24));
    // Below 2^-13 it is x, subnormal or not.
    let signed = numerics_with_sign(value, x);
    return numerics_select(signed, x, (size < vec4<f32>(0.00012207031)) | numerics_is_nan(x));
}

// 1 - tanh(x)^2 = 4e / (1 + e)^2 with e = exp(-2|x|).
fn tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_or_nan(numerics_logistic_slope(-2.0 * numerics_abs(x, 60.0), 2), x);
}

