// Losses, one row per invocation, and the gradients of their mean over the batch with respect to the network's outputs.

struct Loss {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> loss: Loss;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dy: array<f32>;
// A row's loss, and 1 if the largest output is where the target's is.
@group(0) @binding(4) var<storage, read_write> results: array<vec2<f32>>;

// Cross-entropy of the softmax of the outputs.
@compute @workgroup_size(64)
fn cross_entropy(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= loss.rows) {
        return;
    }
    let first = id.x * loss.columns;
    var largest = y[first];
    var best = 0u;
    var aim = 0u;
    for (var i = 1u; i < loss.columns; i++) {
        if (y[first + i] > largest) {
            largest = y[first + i];
            best = i;
        }
        if (targets[first + i] > targets[first + aim]) {
            aim = i;
        }
    }
    var sum = 0.0;
    for (var i = 0u; i < loss.columns; i++) {
        sum += exp(y[first + i] - largest);
    }
    var total = 0.0;
    for (var i = 0u; i < loss.columns; i++) {
        let target_share = targets[first + i];
        total += target_share * (log(sum) + largest - y[first + i]);
        dy[first + i] = (exp(y[first + i] - largest) / sum - target_share) / f32(loss.rows);
    }
    results[id.x] = vec2<f32>(total, select(0.0, 1.0, best == aim));
}

// The mean of the squared differences.
@compute @workgroup_size(64)
fn squared_error(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= loss.rows) {
        return;
    }
    let first = id.x * loss.columns;
    var total = 0.0;
    for (var i = 0u; i < loss.columns; i++) {
        let difference = y[first + i] - targets[first + i];
        total += difference * difference;
        dy[first + i] = 2.0 * difference / f32(loss.rows * loss.columns);
    }
    results[id.x] = vec2<f32>(total / f32(loss.columns), 0.0);
}
