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

@group(0) @binding(PARAMS) var<uniform> params: Params;
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
