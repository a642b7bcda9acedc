// The entry point of kernels with a mask. Each invocation takes VECTORS_PER_INVOCATION u32 of the mask, each with the bits of
// four vectors of eight elements. On every device 8 lanes share a block of 32 vectors, and u32 number m has the vectors
// 32 (m / 8) + m % 8 + 8 step.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let lane = local % LANES;
    let block = block_of(local, workgroup, workgroups) * VECTORS_PER_INVOCATION;
    let count = pair_count();
    // Without a loop, for the reason in grid.wgsl.
    if (VECTORS_PER_INVOCATION == 1u) {
        let first = block * 32u + lane;
        if (first < count) {
            run_mask(block * 8u + lane, first, count);
        }
        return;
    }
    for (var part = 0u; part < VECTORS_PER_INVOCATION; part++) {
        let first = (block + part) * 32u + lane;
        if (first >= count) {
            break;
        }
        run_mask((block + part) * 8u + lane, first, count);
    }
}
