// Random numbers from a counter: Philox 4x32-10 (Salmon et al., 2011). Four u32 per call, the same on every device; no
// state.

// The 64 bits of a product, the upper half first.
fn random_multiply(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross_a = (a >> 16u) * (b & 0xffffu);
    let cross_b = (a & 0xffffu) * (b >> 16u);
    let carry = (low >> 16u) + (cross_a & 0xffffu) + (cross_b & 0xffffu);
    return vec2<u32>((a >> 16u) * (b >> 16u) + (cross_a >> 16u) + (cross_b >> 16u) + (carry >> 16u), a * b);
}

fn random_philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        let a = random_multiply(0xd2511f53u, c.x);
        let b = random_multiply(0xcd9e8d57u, c.z);
        c = vec4<u32>(b.x ^ c.y ^ k.x, b.y, a.x ^ c.w ^ k.y, a.y);
        k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// Multiples of 2^-24 in [0, 1), from random u32.
fn random_uniform(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(words >> vec4<u32>(8u)) * 5.9604645e-8;
}
