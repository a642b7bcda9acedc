// The entry point all kernels share. One invocation handles QUADS groups of four elements; LANES
// neighbouring invocations walk a block of LANES * QUADS groups together, so that at each step they
// touch consecutive memory. The host picks the three numbers (src/dispatch.rs).

override WORKGROUP: u32 = 64u;
override LANES: u32 = 64u;
override QUADS: u32 = 1u;

// `length` and the three offsets count words of the access: quads or single elements.
struct Operation {
    parameters: vec4<f32>,
    length: u32,
    y: u32,
    x: u32,
    dy: u32,
}

@group(0) @binding(0) var<uniform> operation: Operation;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    // The grid is two-dimensional past the device's limit for one dimension.
    let block = (workgroup.y * workgroups.x + workgroup.x) * (WORKGROUP / LANES) + local / LANES;
    let first = block * LANES * QUADS + local % LANES;
    let count = quad_count();
    for (var step = 0u; step < QUADS; step++) {
        let i = first + step * LANES;
        if (i >= count) {
            break;
        }
        run(i);
    }
}
