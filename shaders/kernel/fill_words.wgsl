// Elements of a word.

@group(0) @binding(1) var<storage, read_write> y: array<u32>;

fn stored(bits: vec4<u32>) -> vec4<u32> {
    return bits;
}

fn put(at: u32, word: u32) {
    y[at] = word;
}
