// Sums: each of `segments` segments of `length` vectors gives `sums` sums, each over every `sums`-th vector. All lanes
// read neighbouring vectors at each step, and the order is the same on every device.

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
    // 1 or 4. They are LANES vectors apart.
    sums_per_invocation: u32,
    padding: u32,
}

@group(0) @binding(PARAMS) var<uniform> given: Params;

var<private> params: Params;

// The sums of a vector.
#if eight
alias Sums = mat2x4<f32>;

fn plus(a: Sums, b: Sums) -> Sums {
    return Sums(numerics_add(a[0], b[0]), numerics_add(a[1], b[1]));
}

fn sums_of(bits: Eight) -> Sums {
    return Sums(bitcast<vec4<f32>>(bits.first), bitcast<vec4<f32>>(bits.second));
}

fn value(i: u32) -> Sums {
#if slopes
    let x = load_x(i);
    let dy = load_dy(i);
    return Sums(slope_term(x.first, dy.first), slope_term(x.second, dy.second));
#else
    return sums_of(load_x(i));
#endif
}

fn put(i: u32, sums: Sums) {
    let result = with_old(i, sums);
    store_y(i, bitcast<vec4<u32>>(result[0]), bitcast<vec4<u32>>(result[1]));
}
#else
alias Sums = vec4<f32>;

fn plus(a: Sums, b: Sums) -> Sums {
    return numerics_add(a, b);
}

fn sums_of(bits: vec4<u32>) -> Sums {
    return bitcast<vec4<f32>>(bits);
}

fn value(i: u32) -> Sums {
#if slopes
    return slope_term(load_x(i), load_dy(i));
#else
    return sums_of(load_x(i));
#endif
}

fn put(i: u32, sums: Sums) {
    let result = bitcast<vec4<u32>>(with_old(i, sums));
#if one
    put_y(at_y(i), result.x);
#else
    store_y(i, result);
#endif
}
#endif

fn with_old(i: u32, sums: Sums) -> Sums {
#if accumulates
    return plus(sums, sums_of(load_y(i)));
#else
    return sums;
#endif
}

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
    // The loops are short, because lavapipe ends long ones and reports nothing.
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
    var i = first + params.sums;
    // Four loads come before their additions, so that a GPU waits for them together. The order of additions stays.
    for (; i + 3u * params.sums < params.length; i += 4u * params.sums) {
        let a = value(segment + i);
        let b = value(segment + i + params.sums);
        let c = value(segment + i + 2u * params.sums);
        let d = value(segment + i + 3u * params.sums);
        total = plus(plus(plus(plus(total, a), b), c), d);
    }
    for (; i < params.length; i += params.sums) {
        total = plus(total, value(segment + i));
    }
    put(index, total);
}
