// Adds one element.

@group(0) @binding(1) var<storage, read> x: array<u32>;

fn joined(total: UnitStatistics, i: u32) -> UnitStatistics {
    let bits = element(i);
    var record = total;
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        record.not_finite += 1u;
        return record;
    }
    let value = bitcast<f32>(bits);
    record.count += 1u;
    record.zeros += select(0u, 1u, (bits & 0x7fffffffu) == 0u);
    record.low += select(0u, 1u, value >= params.bounds.x && value <= params.bounds.y);
    record.high += select(0u, 1u, value >= params.bounds.z && value <= params.bounds.w);
    // Welford's update.
    let deviation = numerics_sub(vec4<f32>(value), vec4<f32>(total.mean));
    record.mean = numerics_add(vec4<f32>(total.mean), over(deviation, record.count)).x;
    let product = numerics_mul(deviation, numerics_sub(vec4<f32>(value), vec4<f32>(record.mean)));
    record.squares = numerics_add(vec4<f32>(total.squares), product).x;
    return record;
}
