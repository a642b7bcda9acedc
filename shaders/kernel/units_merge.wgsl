// A record more.

@group(0) @binding(2) var<storage, read> x: array<Record>;

fn begin(i: u32) {}

fn joined(total: Record, i: u32) -> Record {
    let other = x[i];
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
    let share = f32(other.count) / f32(record.count);
    let deviation = other.mean - total.mean;
    record.mean += deviation * share;
    record.squares += other.squares + deviation * deviation * share * f32(total.count);
    return record;
}
