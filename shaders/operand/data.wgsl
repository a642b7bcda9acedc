// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has four
// elements or one.

struct Data {
#each read
    OPERAND: vec4<u32>,
#end
}

struct Results {
#each written
    OPERAND: vec4<u32>,
#end
}

fn load(i: u32) -> Data {
    return Data(
#each read
        load_OPERAND(i),
#end
    );
}

fn store(i: u32, results: Results) {
#each written
#if accumulates
    store_OPERAND(i, add(results.OPERAND, load_OPERAND(i)));
#else
    store_OPERAND(i, results.OPERAND);
#endif
#end
}

#if one
// The elements of four i.
fn elements_of(i: u32) -> vec4<u32> {
#if in_order
    return vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
#else
    // Neighbouring invocations take neighbouring elements, because a GPU loads and stores these together.
    let lane = i % LANES;
    return vec4<u32>(4u * (i - lane) + lane) + LANES * vec4<u32>(0u, 1u, 2u, 3u);
#endif
}

// The number of fours with any element.
fn four_count() -> u32 {
#if in_order
    return (params.length + 3u) / 4u;
#else
    let blocks = params.length / (4u * LANES);
    return blocks * LANES + min(params.length - blocks * 4u * LANES, LANES);
#endif
}
#else
fn four_count() -> u32 {
    return params.length;
}
#endif

#if mask
// Two neighbouring fours, and the bits of a mask that belong to them.
struct Pair {
    first: Data,
    second: Data,
}

const FIRST_BITS = vec4<u32>(1u, 2u, 4u, 8u);
const SECOND_BITS = vec4<u32>(16u, 32u, 64u, 128u);

fn pair_count() -> u32 {
    return (four_count() + 1u) / 2u;
}

fn load_pair(i: u32) -> Pair {
    return Pair(load(2u * i), load(2u * i + 1u));
}

fn store_pair(i: u32, first: Results, second: Results) {
    store(2u * i, first);
    if (2u * i + 1u < four_count()) {
        store(2u * i + 1u, second);
    }
}
#else
fn vector_count() -> u32 {
    return four_count();
}

fn run(i: u32) {
    store(i, compute(load(i), i));
}
#endif
