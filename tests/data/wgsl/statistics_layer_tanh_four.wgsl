// shaders/kernel/statistics.wgsl
// Statistics of units: each of `segments` segments of `length` vectors gives `sums` results, each over every `sums`-th
// vector in a fixed order. The first pass reads elements (statistics_elements.wgsl). The others merge the results of
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
    // The first result of y in its binding, and the first vector of x.
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
    // 1 if the elements join the results that y holds.
    adds: u32,
}

// a / count.
fn over(a: vec4<f32>, count: vec4<u32>) -> vec4<f32> {
    return numerics_quotient(numerics_plain(a), numerics_split(vec4<f32>(count)));
}

@group(0) @binding(4) var<uniform> params: Params;
@group(0) @binding(0) var<storage, read_write> y: array<UnitStatistics>;

// The result that a pass starts from.
fn before(index: u32) -> UnitStatistics {
    var record: UnitStatistics;
    if (params.adds == 1u) {
        record = y[params.offset_y + index];
    }
    return record;
}

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
    reduce(index, index / params.sums * params.length, index % params.sums);
}
// shaders/kernel/statistics_elements.wgsl
// The first pass: the statistics of elements.

@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

fn at_x(i: u32) -> u32 {
    return params.offset_x + i;
}

// The statistics of the finite elements of a vector's columns.
struct Columns {
    count: vec4<u32>,
    zeros: vec4<u32>,
    low: vec4<u32>,
    high: vec4<u32>,
    mean: vec4<f32>,
    squares: vec4<f32>,
}

fn is_finite(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(0x7fffffffu)) < vec4<u32>(0x7f800000u);
}

fn is_between(bits: vec4<u32>, bounds: vec2<f32>) -> vec4<bool> {
    let value = bitcast<vec4<f32>>(bits);
    return (value >= bounds.xxxx) & (value <= bounds.yyyy) & is_finite(bits);
}

fn counted(total: Columns, bits: vec4<u32>) -> Columns {
    var record = total;
    record.count += vec4<u32>(is_finite(bits));
    record.zeros += vec4<u32>((bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u));
    record.low += vec4<u32>(is_between(bits, params.bounds.xy));
    record.high += vec4<u32>(is_between(bits, params.bounds.zw));
    return record;
}

// The deviation from the centre; 0 if the element is not finite.
fn deviation(bits: vec4<u32>, centre: vec4<f32>) -> vec4<f32> {
    let value = numerics_select(centre, bitcast<vec4<f32>>(bits), is_finite(bits));
    return numerics_sub(value, centre);
}

fn sum_of_four(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> vec4<f32> {
    return numerics_add(numerics_add(a, b), numerics_add(c, d));
}

// Adds four rows: Welford's update for four elements at once. Deviations are from the mean so far, at first from one of
// the elements, so that a mean far from 0 costs them no digits.
fn joined(total: Columns, a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32>) -> Columns {
    var record = counted(counted(counted(counted(total, a), b), c), d);
    var centre = select(vec4<u32>(0u), d, is_finite(d));
    centre = select(centre, c, is_finite(c));
    centre = select(centre, b, is_finite(b));
    centre = select(centre, a, is_finite(a));
    let mean = numerics_select(total.mean, bitcast<vec4<f32>>(centre), total.count == vec4<u32>(0u));
    let p = deviation(a, mean);
    let q = deviation(b, mean);
    let r = deviation(c, mean);
    let s = deviation(d, mean);
    // A quarter of the sum, which does not overflow where the deviations do not.
    let quarter = vec4<f32>(0.25);
    let sum = sum_of_four(quarter * p, quarter * q, quarter * r, quarter * s);
    let squares = sum_of_four(numerics_mul(p, p), numerics_mul(q, q), numerics_mul(r, r), numerics_mul(s, s));
    let shift = 4.0 * over(sum, max(record.count, vec4<u32>(1u)));
    record.mean = numerics_add(mean, shift);
    record.squares = numerics_add(total.squares, numerics_sub(squares, 4.0 * numerics_mul(sum, shift)));
    return record;
}

// The elements of the row that starts at i. A row that is not there counts as not finite. Its loads take the last vector,
// since a branch around them costs more.
fn row(segment: u32, i: u32) -> vec4<u32> {
    let is_there = i < params.length;
    let bits = elements(segment + min(i, params.length - 1u), is_there);
    return select(vec4<u32>(0x7f800000u), bits, is_there);
}

fn reduce(index: u32, segment: u32, first: u32) {
    begin(segment + first);
    let a = before(4u * index);
    let b = before(4u * index + 1u);
    let c = before(4u * index + 2u);
    let d = before(4u * index + 3u);
    var total = Columns(
        vec4<u32>(a.count, b.count, c.count, d.count),
        vec4<u32>(a.zeros, b.zeros, c.zeros, d.zeros),
        vec4<u32>(a.low, b.low, c.low, d.low),
        vec4<u32>(a.high, b.high, c.high, d.high),
        vec4<f32>(a.mean, b.mean, c.mean, d.mean),
        vec4<f32>(a.squares, b.squares, c.squares, d.squares),
    );
    // All elements, finite or not.
    let joined_before =
        total.count + vec4<u32>(a.not_finite, b.not_finite, c.not_finite, d.not_finite);
    let rows = joined_before + (params.length - first + params.sums - 1u) / params.sums;
    for (var i = first; i < params.length; i += 4u * params.sums) {
        let p = row(segment, i);
        let q = row(segment, i + params.sums);
        let r = row(segment, i + 2u * params.sums);
        let s = row(segment, i + 3u * params.sums);
        total = joined(total, p, q, r, s);
    }
    for (var i = 0u; i < 4u; i++) {
        y[params.offset_y + 4u * index + i] = column(total, i, rows);
    }
}

fn column(total: Columns, i: u32, rows: vec4<u32>) -> UnitStatistics {
    let count = total.count[i];
    return UnitStatistics(
        count, total.zeros[i], total.low[i], total.high[i], rows[i] - count, total.mean[i], total.squares[i], 0u,
    );
}
// shaders/kernel/statistics_layer.wgsl
// The elements are the outputs of a layer, y = f(x + bias), which this pass stores too.

@group(0) @binding(2) var<storage, read_write> result: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;

fn at_result(i: u32) -> u32 {
    return params.offset_result + i;
}

// The biases of an invocation's columns.
var<private> shift: vec4<u32>;

fn activate(x: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(tanh(bitcast<vec4<f32>>(x), params.activation));
}

fn begin(i: u32) {
    let element = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
    // The dispatch's first element is the first of a channel.
    let channel = (params.first_channel + element / params.inner) % params.channels + params.offset_bias;
    shift = vec4<u32>(bias[channel.x], bias[channel.y], bias[channel.z], bias[channel.w]);
}

fn elements(i: u32, is_there: bool) -> vec4<u32> {
    let y = activate(add(load_x(i), shift));
    if (is_there) {
        store_result(i, y);
    }
    return y;
}
// shaders/kernel/add.wgsl
// a + b, rounded before another operation uses it.

fn add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(numerics_plus(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b)));
}
// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.

fn load_x(i: u32) -> vec4<u32> {
    return x[at_x(i)];
}

// shaders/operand/four_f32.wgsl
// Four f32. The operand starts at a multiple of 16 bytes in its binding.


fn store_result(i: u32, four: vec4<u32>) {
    result[at_result(i)] = four;
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

