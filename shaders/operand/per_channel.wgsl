// An operand with one number per channel: the numbers for the elements of vector i.

#if same
fn load_OPERAND(i: u32) -> VECTOR {
#if one
    // There is one channel.
    let channel = 0u;
#else
    let channel = channel_of(params.first_in_row + WIDTH * i);
#endif
    let number = WIDEN(vec4<u32>(element_OPERAND(params.offset_OPERAND + channel)));
#if eight
    return Eight(number, number);
#else
    return number;
#endif
}
#else
fn number_OPERAND(e: u32) -> u32 {
    return element_OPERAND(params.offset_OPERAND + channel_of(params.first_in_row + e));
}

fn numbers_OPERAND(e: vec4<u32>) -> vec4<u32> {
    return WIDEN(vec4<u32>(number_OPERAND(e.x), number_OPERAND(e.y), number_OPERAND(e.z), number_OPERAND(e.w)));
}

fn load_OPERAND(i: u32) -> VECTOR {
#if eight
    let first = vec4<u32>(8u * i);
    let even = numbers_OPERAND(first + vec4<u32>(0u, 2u, 4u, 6u));
    return Eight(even, numbers_OPERAND(first + vec4<u32>(1u, 3u, 5u, 7u)));
#else
#if one
    return numbers_OPERAND(elements_of(i));
#else
    return numbers_OPERAND(vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u));
#endif
#endif
}
#endif
