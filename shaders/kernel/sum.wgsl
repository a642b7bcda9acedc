// Sums: each of `segments` segments of `length` vectors gives `sums` sums, each over every `sums`-th vector. All lanes
// read neighbouring vectors at each step, and the order is the same on every device. `value` gives a term, and `put`
// stores a sum.

override WORKGROUP: u32 = 64u;

// Invocations that read neighbouring vectors.
const LANES = 8u;

struct Params {
    // The first vector of each operand in its binding.
    offset_y: u32,
    offset_x: u32,
    offset_dy: u32,
    segments: u32,
    length: u32,
    sums: u32,
    // 1 or 4, LANES vectors apart.
    sums_per_invocation: u32,
    padding: u32,
}

var<private> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let invocation = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let index = invocation / LANES * LANES * params.sums_per_invocation + invocation % LANES;
    if (index >= params.segments * params.sums) {
        return;
    }
    let first = index % params.sums;
    let segment = index / params.sums * params.length;
    // Few steps: lavapipe ends long loops without a word.
    if (params.sums_per_invocation == 4u) {
        var a = value(segment + first);
        var b = value(segment + first + LANES);
        var c = value(segment + first + 2u * LANES);
        var d = value(segment + first + 3u * LANES);
        for (var i = first + params.sums; i < params.length; i += params.sums) {
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
    for (var i = first + params.sums; i < params.length; i += params.sums) {
        total = plus(total, value(segment + i));
    }
    put(index, total);
}
