// The entry point of kernels with a mask: an invocation handles the 8 quads of a word of 32 bits at a
// time. Whatever the device, 8 lanes share 64 quads: word w has the quads 64 (w / 8) + w % 8 + 8 step.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let block = block_of(local, workgroup, workgroups) * (QUADS / 8u);
    let count = quad_count();
    for (var part = 0u; part < QUADS / 8u; part++) {
        let first = (block + part) * 64u + local % LANES;
        if (first >= count) {
            break;
        }
        run_word((block + part) * 8u + local % LANES, first, count);
    }
}
