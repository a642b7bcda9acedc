// The entry point of most kernels: each invocation handles WORDS groups of four elements, or of
// eight.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    operation = given.operation;
    strides = given.strides;
    let first = block_of(local, workgroup, workgroups) * LANES * WORDS + local % LANES;
    let count = word_count();
    for (var step = 0u; step < WORDS; step++) {
        let i = first + step * LANES;
        if (i >= count) {
            break;
        }
        run(i);
    }
}
