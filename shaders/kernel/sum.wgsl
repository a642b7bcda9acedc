// Sums: of each of `segments` segments of `length` words, `sums` sums, each over every `sums`-th word. All lanes
// read neighbouring words at each step, and the order is the same on every device. `value` says what is added.

override WORKGROUP: u32 = 64u;

struct Sum {
    // The first word of each operand in its binding.
    x: u32,
    dy: u32,
    y: u32,
    segments: u32,
    length: u32,
    sums: u32,
}

@group(0) @binding(0) var<uniform> given: Sum;

var<private> operation: Sum;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    operation = given;
    let index = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if (index >= operation.segments * operation.sums) {
        return;
    }
    let first = index % operation.sums;
    let segment = index / operation.sums * operation.length;
    var total = value(segment + first);
    // Few steps: lavapipe ends long loops without a word.
    for (var i = first + operation.sums; i < operation.length; i += operation.sums) {
        total += value(segment + i);
    }
    y[operation.y + index] = total;
}
