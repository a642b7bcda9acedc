// The parameters of a dispatch, and the block that an invocation takes. The host picks the three constants
// (src/plan/launch_config.rs).

override WORKGROUP: u32 = 64u;
override LANES: u32 = 64u;
override VECTORS_PER_INVOCATION: u32 = 1u;

struct Params {
    activation: vec4<f32>,
    // The key and the upper half of the counter of random numbers.
    draw: vec4<u32>,
    // The first vector of four elements, counted from the start of the operation: 64 bits, the lower half first.
    first_four: vec2<u32>,
    // Divisors for channels.wgsl.
    by_inner: vec2<u32>,
    by_channels: vec2<u32>,
    // Divisors of the sizes of a row, a plane and a block, in vectors (strided.wgsl).
    by_row: vec2<u32>,
    by_plane: vec2<u32>,
    by_block: vec2<u32>,
    // The sizes of the dimensions. The last is in vectors.
    shape: vec4<u32>,
    // Element i of the dispatch has the channel (first_in_row + i) / inner % channels.
    channels: u32,
    inner: u32,
    first_in_row: u32,
    // The length of the dispatch, in vectors.
    length: u32,
    // The dispatch's first vector, counted from the start of the region.
    first_vector: u32,
    // The first number of each operand in its binding. The unit is one load: a vector per element, a number per channel (a
    // vector if the pattern is consecutive), a u32 of a mask.
#each any
    offset_OPERAND: u32,
#end
    // The vectors from one to the next in each dimension, of each operand.
#each any
    stride_OPERAND: vec4<u32>,
#end
}

@group(0) @binding(PARAMS) var<uniform> given: Params;

// A copy of the uniform, which every entry point makes first. A compiler cannot know that stores leave a uniform as it
// is, and would load it again at every step.
var<private> params: Params;

// LANES neighbouring invocations walk a block of their own together, so that they touch consecutive memory at each step.
// The grid is two-dimensional past the device's limit for one dimension.
fn block_of(local: u32, workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
    return (workgroup.y * workgroups.x + workgroup.x) * (WORKGROUP / LANES) + local / LANES;
}
