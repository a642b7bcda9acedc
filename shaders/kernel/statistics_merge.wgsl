// Merges the results of the pass before.

@group(0) @binding(1) var<storage, read> x: array<UnitStatistics>;

fn reduce(index: u32, segment: u32, first: u32) {
    var total = before(index);
    for (var i = first; i < params.length; i += params.sums) {
        total = joined(total, x[params.offset_x + segment + i]);
    }
    y[params.offset_y + index] = total;
}

fn joined(total: UnitStatistics, other: UnitStatistics) -> UnitStatistics {
    var record = total;
    record.not_finite += other.not_finite;
    if (other.count == 0u) {
        return record;
    }
    record.count += other.count;
    record.zeros += other.zeros;
    record.low += other.low;
    record.high += other.high;
    // Chan's update.
    let share = over(vec4<f32>(f32(other.count)), vec4<u32>(record.count));
    let deviation = numerics_sub(vec4<f32>(other.mean), vec4<f32>(total.mean));
    let shift = numerics_mul(deviation, share);
    record.mean = numerics_add(vec4<f32>(total.mean), shift).x;
    let between = numerics_mul(numerics_mul(deviation, shift), vec4<f32>(f32(total.count)));
    let squares = numerics_add(vec4<f32>(total.squares), vec4<f32>(other.squares));
    record.squares = numerics_add(squares, between).x;
    return record;
}
