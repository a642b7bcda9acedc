// Sums: of each of `segments` segments of `length` words, `sums` sums, each over every `sums`-th word. All lanes
// read neighbouring words at each step, and the order is the same on every device.

override WORKGROUP: u32 = 64u;

struct Sum {
    // The first word of x and of y in their bindings.
    x: u32,
    y: u32,
    segments: u32,
    length: u32,
    sums: u32,
}

@group(0) @binding(0) var<uniform> sum: Sum;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let index = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if (index >= sum.segments * sum.sums) {
        return;
    }
    let first = index % sum.sums;
    let segment = sum.x + index / sum.sums * sum.length;
    var total = x[segment + first];
    // Few steps: lavapipe ends long loops without a word.
    for (var i = first + sum.sums; i < sum.length; i += sum.sums) {
        total += x[segment + i];
    }
    y[sum.y + index] = total;
}
