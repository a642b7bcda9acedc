// Elements of half a word. Who stores the other half is unknown: only the bits of this one change.

@group(0) @binding(1) var<storage, read_write> y: array<atomic<u32>>;

fn put(at: u32, half: u32) {
    let shift = 16u * (at & 1u);
    let old = atomicLoad(&y[at >> 1u]) >> shift;
    atomicXor(&y[at >> 1u], ((old ^ half) & 0xffffu) << shift);
}
