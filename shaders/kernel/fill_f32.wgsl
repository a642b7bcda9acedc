// f32 elements.

@group(0) @binding(0) var<storage, read_write> y: array<u32>;

fn stored(bits: vec4<u32>) -> vec4<u32> {
    return bits;
}

fn put(at: u32, bits: u32) {
    y[at] = bits;
}
