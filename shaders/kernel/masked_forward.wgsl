// y = f(x) and the mask.

fn bits_of(first: vec4<bool>, second: vec4<bool>, step: u32) -> u32 {
    let none = vec4<u32>(0u);
    let bits = select(none, FIRST_BITS, first) | select(none, SECOND_BITS, second);
    return (bits.x | bits.y | bits.z | bits.w) << (8u * step);
}

fn is_high(derivative: vec4<f32>) -> vec4<bool> {
    return bitcast<vec4<u32>>(derivative) == vec4<u32>(UPPER_VALUE);
}

#if nan_bits
fn is_nan(derivative: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(derivative) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}
#endif

fn run_mask(index: u32, first: u32, count: u32) {
    var high = 0u;
    var nan = 0u;
    for (var step = 0u; step < 4u; step++) {
        let i = first + 8u * step;
        if (i >= count) {
            break;
        }
        let pair = load_pair(i);
        let a = activation_input(pair.first);
        let b = activation_input(pair.second);
        let y_a = with_residual(bitcast<vec4<u32>>(activate(a, pair.first, 2u * i)), pair.first);
        let y_b = with_residual(bitcast<vec4<u32>>(activate(b, pair.second, 2u * i + 1u)), pair.second);
        let grad_a = activate_grad(a, pair.first, 2u * i);
        let grad_b = activate_grad(b, pair.second, 2u * i + 1u);
        store_pair(i, Results(y_a), Results(y_b));
        high |= bits_of(is_high(grad_a), is_high(grad_b), step);
#if nan_bits
        nan |= bits_of(is_nan(grad_a), is_nan(grad_b), step);
#endif
    }
    mask[params.offset_mask + MASK_BITS * index] = high;
#if nan_bits
    mask[params.offset_mask + MASK_BITS * index + 1u] = nan;
#endif
}
