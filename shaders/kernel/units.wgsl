// Statistics of units: of each of `segments` segments of `length` elements, `sums` records, each over every `sums`-th
// element, in a fixed order. The first step reads elements (units_first.wgsl), the others the records of the step before
// (units_merge.wgsl).

override WORKGROUP: u32 = 64u;

// Of the finite elements: how many, zeros, those at the lower and at the upper bound, mean, and the sum of the squared
// deviations from it.
struct Record {
    count: u32,
    zeros: u32,
    low: u32,
    high: u32,
    not_finite: u32,
    mean: f32,
    squares: f32,
    unused: u32,
}

struct Units {
    // The first element of x and of y in their bindings.
    x: u32,
    y: u32,
    segments: u32,
    length: u32,
    sums: u32,
    // For units_layer.wgsl: the first result and the first bias in their bindings, and which channels elements are of.
    result: u32,
    bias: u32,
    phase: u32,
    // What counts as saturated: from, to, of the lower and of the upper bound.
    bounds: vec4<f32>,
    parameters: vec4<f32>,
    channels: u32,
    inner: u32,
}

// a / count.
fn over(a: vec4<f32>, count: u32) -> vec4<f32> {
    let divisor = numerics_split(vec4<f32>(f32(count)));
    return numerics_value(numerics_wide_div(numerics_plain(a), divisor));
}

@group(0) @binding(0) var<uniform> units: Units;
@group(0) @binding(1) var<storage, read_write> y: array<Record>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let index = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if (index >= units.segments * units.sums) {
        return;
    }
    let segment = units.x + index / units.sums * units.length;
    let first = index % units.sums;
    begin(segment + first);
    var total: Record;
    for (var i = first; i < units.length; i += units.sums) {
        total = joined(total, segment + i);
    }
    y[units.y + index] = total;
}
