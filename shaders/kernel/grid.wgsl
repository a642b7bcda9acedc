// The entry point of most kernels: each invocation handles QUADS groups of four elements.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let first = block_of(local, workgroup, workgroups) * LANES * QUADS + local % LANES;
    let count = quad_count();
    for (var step = 0u; step < QUADS; step++) {
        let i = first + step * LANES;
        if (i >= count) {
            break;
        }
        run(i);
    }
}
