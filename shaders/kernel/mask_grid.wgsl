// The entry point of kernels with a mask: each invocation handles VECTORS_PER_INVOCATION words of it, each the bits of four
// groups of eight elements. Whatever the device, 8 lanes share a block of 32 groups, and word w has the groups
// 32 (w / 8) + w % 8 + 8 step.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    params = given;
    let lane = local % LANES;
    let block = block_of(local, workgroup, workgroups) * VECTORS_PER_INVOCATION;
    let count = octet_count();
    for (var part = 0u; part < VECTORS_PER_INVOCATION; part++) {
        let first = (block + part) * 32u + lane;
        if (first >= count) {
            break;
        }
        run_word((block + part) * 8u + lane, first, count);
    }
}
