// dx = dy * f'(x), from the mask that the forward operation wrote. params.activation has the derivative's lower and upper
// value, and a NaN.

// dy times a value: dy itself for 1, and 0 for 0, whatever dy is.
fn times_value(dy: vec4<u32>, value: u32) -> vec4<u32> {
    if (value == 0x3f800000u) {
        return dy;
    }
    let product = numerics_times(bitcast<vec4<f32>>(dy), vec4<f32>(bitcast<f32>(value)));
    return select(bitcast<vec4<u32>>(product), vec4<u32>(0u), (value & 0x7fffffffu) == 0u);
}

fn times_mask_values(dy: vec4<u32>, high: vec4<u32>, nan: vec4<u32>) -> vec4<u32> {
    let values = bitcast<vec4<u32>>(params.activation);
#if low_is_0
    let low = vec4<u32>(0u);
#else
    let low = times_value(dy, values.x);
#endif
    let dx = select(low, times_value(dy, UPPER_VALUE), high != vec4<u32>(0u));
#if nan_bits
    return select(dx, values.zzzz, nan != vec4<u32>(0u));
#else
    return dx;
#endif
}

fn run_mask(index: u32, first: u32, count: u32) {
    let high = mask[params.offset_mask + MASK_BITS * index];
#if nan_bits
    let nan = mask[params.offset_mask + MASK_BITS * index + 1u];
#else
    let nan = 0u;
#endif
    for (var step = 0u; step < 4u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let pair = load_pair(i);
        let bits = vec4<u32>(high >> (8u * step));
        let nans = vec4<u32>(nan >> (8u * step));
        let a = times_mask_values(pair.first.dy, bits & FIRST_BITS, nans & FIRST_BITS);
        let b = times_mask_values(pair.second.dy, bits & SECOND_BITS, nans & SECOND_BITS);
        store_pair(i, Results(with_residual(a, pair.first)), Results(with_residual(b, pair.second)));
    }
}
