// The operands that a kernel reads and writes for four elements, and the functions that the grids call. A vector has
// eight elements.

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

struct Pair {
    first: Data,
    second: Data,
}

fn load_pair(i: u32) -> Pair {
#each read
    let OPERAND = load_OPERAND(i);
#end
    let first = Data(
#each read
        OPERAND.first,
#end
    );
    let second = Data(
#each read
        OPERAND.second,
#end
    );
    return Pair(first, second);
}

fn store_pair(i: u32, first: Results, second: Results) {
#each written
#if accumulates
    let old_OPERAND = load_OPERAND(i);
    store_OPERAND(i, add(first.OPERAND, old_OPERAND.first), add(second.OPERAND, old_OPERAND.second));
#else
    store_OPERAND(i, first.OPERAND, second.OPERAND);
#endif
#end
}

#if mask
// The bits of a mask that belong to the two fours.
const FIRST_BITS = vec4<u32>(1u, 4u, 16u, 64u);
const SECOND_BITS = vec4<u32>(2u, 8u, 32u, 128u);

fn pair_count() -> u32 {
    return params.length;
}
#else
fn vector_count() -> u32 {
    return params.length;
}

fn run(i: u32) {
    let pair = load_pair(i);
    store_pair(i, compute(pair.first, 2u * i), compute(pair.second, 2u * i + 1u));
}
#endif
