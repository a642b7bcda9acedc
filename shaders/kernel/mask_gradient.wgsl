// dx = dy * f'(x), from the mask that the forward operation wrote. The parameters are the derivative's
// lower and upper level, and a NaN.

fn run_word(index: u32, first: u32, count: u32) {
    let high = mask[operation.mask + MASK_WORDS * index];
    var nan = 0u;
    if (MASK_WORDS == 2u) {
        nan = mask[operation.mask + MASK_WORDS * index + 1u];
    }
    let levels = bitcast<vec4<u32>>(operation.parameters);
    for (var step = 0u; step < 8u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let bits = vec4<u32>(1u, 2u, 4u, 8u) << vec4<u32>(4u * step);
        var derivative = select(levels.xxxx, levels.yyyy, (vec4<u32>(high) & bits) != vec4<u32>(0u));
        derivative = select(derivative, levels.zzzz, (vec4<u32>(nan) & bits) != vec4<u32>(0u));
        store_y(i, multiply(bitcast<vec4<f32>>(derivative), load_dy(i)));
    }
}
