// The first pass: the statistics of elements.

@group(0) @binding(1) var<storage, read> x: array<WORD>;

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
#if one
    let a = before(index);
    let b = a;
    let c = a;
    let d = a;
#else
    let a = before(4u * index);
    let b = before(4u * index + 1u);
    let c = before(4u * index + 2u);
    let d = before(4u * index + 3u);
#endif
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
#if one
    y[params.offset_y + index] = column(total, 0u, rows);
#else
    for (var i = 0u; i < 4u; i++) {
        y[params.offset_y + 4u * index + i] = column(total, i, rows);
    }
#endif
}

fn column(total: Columns, i: u32, rows: vec4<u32>) -> UnitStatistics {
    let count = total.count[i];
    return UnitStatistics(
        count, total.zeros[i], total.low[i], total.high[i], rows[i] - count, total.mean[i], total.squares[i], 0u,
    );
}
