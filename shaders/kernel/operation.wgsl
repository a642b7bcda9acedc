// What a dispatch is told, and where its invocations stand. The host picks the three numbers
// (src/plan/launch_config.rs).

override WORKGROUP: u32 = 64u;
override LANES: u32 = 64u;
override WORDS: u32 = 1u;

// The length and the offsets of operands of an element each count groups of the access: octets, quads or single
// elements. Those of operands of one number a channel count elements, or groups where they are read by groups; that
// of a mask counts words.
struct Operation {
    parameters: vec4<f32>,
    // Key and upper half of the counter of random draws.
    draw: vec4<u32>,
    // The first quad, counted from the start of the operation; 64 bits, the lower half first.
    quad: vec2<u32>,
    // Divisors for channels.wgsl.
    by_inner: vec2<u32>,
    by_channels: vec2<u32>,
    // Element i of the dispatch is of channel (phase + i) / inner % channels.
    channels: u32,
    inner: u32,
    phase: u32,
    length: u32,
    y: u32,
    x: u32,
    dy: u32,
    bias: u32,
    residual: u32,
    mask: u32,
    weight: u32,
    gate: u32,
    dgate: u32,
    unused: u32,
}

// Where elements lie that do not all follow each other (strided.wgsl).
struct Strides {
    // Divisors of the sizes of the last, the third and the second dimension.
    by_last: vec2<u32>,
    by_third: vec2<u32>,
    by_second: vec2<u32>,
    // The dispatch's first group, counted from the start of the region.
    first: u32,
    unused: u32,
    // How many groups each dimension has, and how many lie between one and the next, of each operand.
    sizes: vec4<u32>,
    x: vec4<u32>,
    y: vec4<u32>,
    dy: vec4<u32>,
    bias: vec4<u32>,
    residual: vec4<u32>,
    gate: vec4<u32>,
    dgate: vec4<u32>,
}

struct Given {
    operation: Operation,
    strides: Strides,
}

@group(0) @binding(0) var<uniform> given: Given;

// A copy of what is given, which every entry point makes first: a compiler cannot know that stores leave a
// uniform alone, and would load it anew at every step.
var<private> operation: Operation;
var<private> strides: Strides;

// LANES neighbouring invocations walk a block of their own together, so that at each step they touch
// consecutive memory. The grid is two-dimensional past the device's limit for one dimension.
fn block_of(local: u32, workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
    return (workgroup.y * workgroups.x + workgroup.x) * (WORKGROUP / LANES) + local / LANES;
}
