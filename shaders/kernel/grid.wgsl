// The entry point of most kernels. Each invocation takes VECTORS_PER_INVOCATION vectors; four single elements count as one.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let first = block_of(local, workgroup, workgroups) * LANES * VECTORS_PER_INVOCATION + local % LANES;
    let count = vector_count();
    // GPUs take this way. naga bounds each loop by counters of its own, so no compiler unrolls a loop of one step.
    if (VECTORS_PER_INVOCATION == 1u) {
        if (first < count) {
            run(first);
        }
        return;
    }
    for (var step = 0u; step < VECTORS_PER_INVOCATION; step++) {
        let i = first + step * LANES;
        if (i >= count) {
            break;
        }
        run(i);
    }
}
