// 16-bit elements. Another invocation may store the other half of the u32, so only bits of this half are flipped.

@group(0) @binding(0) var<storage, read_write> y: array<atomic<u32>>;

fn put(at: u32, half: u32) {
    let shift = 16u * (at & 1u);
    let old = atomicLoad(&y[at >> 1u]) >> shift;
    atomicXor(&y[at >> 1u], ((old ^ half) & 0xffffu) << shift);
}
