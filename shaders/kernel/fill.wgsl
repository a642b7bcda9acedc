// Random numbers for initial weights. Each depends only on seed, offset and position, and is equal to the last bit on
// every device and in src/init/mod.rs.

override WORKGROUP: u32 = 64u;

struct Params {
    scale: f32,
    shift: f32,
    low: f32,
    high: f32,
    // Key and upper half of the counter, as for random slopes.
    draw: vec4<u32>,
    // The first vector of four elements, counted from the start of the range: 64 bits, the lower half first.
    first_four: vec2<u32>,
    // The first element in its binding.
    offset_y: u32,
    length: u32,
    // 0: `shift` for all elements; 1: uniform; 2: normal.
    method: u32,
    // The part of the normal distribution: `count` random u32 from `first` on. 0 means all.
    first: u32,
    count: u32,
    cubics: array<vec4<u32>, 256>,
}

@group(0) @binding(PARAMS) var<uniform> params: Params;

// v, rounded before another operation uses it, as by numerics_rounded.
fn fill_rounded(v: f32) -> f32 {
    return bitcast<f32>(min(bitcast<i32>(v), 0x7fc00000));
}

// The quantile of the normal distribution, in integers: src/init/quantile.rs says how.
fn fill_quantile(word: u32) -> f32 {
    let upper = word >> 31u;
    let v = 2u * select(word, ~word, upper == 1u) + 1u;
    let octave = countLeadingZeros(v);
    let rest = ~((v << octave) << 1u);
    let g = rest << 3u;
    let c = params.cubics[8u * octave + (rest >> 29u)];
    let quadratic = c.z + random_multiply(c.w, g).x;
    let linear = c.y + random_multiply(quadratic, g).x;
    let total = c.x + random_multiply(linear, g).x;
    let dropped = 8u - min(countLeadingZeros(total), 8u);
    let magnitude = f32(total >> dropped) * bitcast<f32>((98u + dropped) << 23u);
    return bitcast<f32>(bitcast<u32>(magnitude) ^ ((1u - upper) << 31u));
}

fn fill_number(word: u32) -> u32 {
    if (params.method == 0u) {
        return bitcast<u32>(params.shift);
    }
    var variate: f32;
    if (params.method == 1u) {
        variate = f32(word >> 8u) * 5.9604645e-8;
    } else {
        let part = params.first + random_multiply(word, params.count).x;
        variate = fill_quantile(select(part, word, params.count == 0u));
    }
    // The product loses its last bit, so that no compiler fuses it with the sum.
    let product = bitcast<f32>(bitcast<u32>(fill_rounded(variate) * params.scale) & 0xfffffffeu);
    return bitcast<u32>(min(max(fill_rounded(params.shift + product), params.low), params.high));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if (4u * i >= params.length) {
        return;
    }
    let low = params.first_four.x + i;
    let high = params.first_four.y + select(0u, 1u, low < i);
    let words = random_philox(vec4<u32>(low, high, params.draw.z, params.draw.w), params.draw.xy);
    let four = NARROW(vec4<u32>(
        fill_number(words.x),
        fill_number(words.y),
        fill_number(words.z),
        fill_number(words.w),
    ));
    let left = params.length - 4u * i;
    let e = params.offset_y + 4u * i;
    put_y(e, four.x);
    if (left > 1u) { put_y(e + 1u, four.y); }
    if (left > 2u) { put_y(e + 2u, four.z); }
    if (left > 3u) { put_y(e + 3u, four.w); }
}
