// Sums: of each of `segments` segments of `length` words, `sums` sums, each over every `sums`-th word. All lanes
// read neighbouring words at each step, and the order is the same on every device. `value` says what is added, and
// `put` stores a sum.

override WORKGROUP: u32 = 64u;

// Invocations that read neighbouring words.
const LANES = 8u;

struct Sum {
    // The first word of each operand in its binding.
    x: u32,
    dy: u32,
    y: u32,
    segments: u32,
    length: u32,
    sums: u32,
    // Sums an invocation makes: 1 or 4, LANES words apart.
    together: u32,
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
    let invocation = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let index = invocation / LANES * LANES * operation.together + invocation % LANES;
    if (index >= operation.segments * operation.sums) {
        return;
    }
    let first = index % operation.sums;
    let segment = index / operation.sums * operation.length;
    // Few steps: lavapipe ends long loops without a word.
    if (operation.together == 4u) {
        var a = value(segment + first);
        var b = value(segment + first + LANES);
        var c = value(segment + first + 2u * LANES);
        var d = value(segment + first + 3u * LANES);
        for (var i = first + operation.sums; i < operation.length; i += operation.sums) {
            a = plus(a, value(segment + i));
            b = plus(b, value(segment + i + LANES));
            c = plus(c, value(segment + i + 2u * LANES));
            d = plus(d, value(segment + i + 3u * LANES));
        }
        put(index, a);
        put(index + LANES, b);
        put(index + 2u * LANES, c);
        put(index + 3u * LANES, d);
        return;
    }
    var total = value(segment + first);
    for (var i = first + operation.sums; i < operation.length; i += operation.sums) {
        total = plus(total, value(segment + i));
    }
    put(index, total);
}
