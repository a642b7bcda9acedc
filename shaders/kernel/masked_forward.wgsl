// y = f(x), and a bit an element that says at which of its two levels the derivative is. Where the
// gradient is NaN for a NaN input, a second word says where.

fn bits_of(quad: vec4<bool>, step: u32) -> u32 {
    let bits = select(vec4<u32>(0u), vec4<u32>(1u, 2u, 4u, 8u), quad);
    return (bits.x | bits.y | bits.z | bits.w) << (4u * step);
}

fn run_word(index: u32, first: u32, count: u32) {
    var high = 0u;
    var nan = 0u;
    for (var step = 0u; step < 8u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let x = before(load_x(i), i);
        store_y(i, after(activate(x, i), i));
        let derivative = bitcast<vec4<u32>>(activate_grad(x, i));
        high |= bits_of(derivative == vec4<u32>(MASK_HIGH), step);
        nan |= bits_of((derivative & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u), step);
    }
    mask[operation.mask + MASK_WORDS * index] = high;
    if (MASK_WORDS == 2u) {
        mask[operation.mask + MASK_WORDS * index + 1u] = nan;
    }
}
