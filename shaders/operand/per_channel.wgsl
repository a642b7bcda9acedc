// An operand with one number per channel: the numbers for the elements of vector i.

#if same
fn load_OPERAND(i: u32) -> VECTOR {
    let channel = channel_of(params.first_in_row + WIDTH * i);
    let number = WIDEN(vec4<u32>(element_OPERAND(params.offset_OPERAND + channel)));
#if eight
    return Eight(number, number);
#else
    return number;
#endif
}
#else
// The number for element e of the dispatch, in a vector whose first element is `first`.
fn number_OPERAND(first: u32, e: u32) -> u32 {
#if one_by_one
    return element_OPERAND(params.offset_OPERAND + first + e);
#else
    return element_OPERAND(params.offset_OPERAND + channel_of(first + e));
#endif
}

fn numbers_OPERAND(first: u32, e: vec4<u32>) -> vec4<u32> {
    return WIDEN(vec4<u32>(
        number_OPERAND(first, e.x),
        number_OPERAND(first, e.y),
        number_OPERAND(first, e.z),
        number_OPERAND(first, e.w),
    ));
}

fn load_OPERAND(i: u32) -> VECTOR {
#if one_by_one
    let first = consecutive(WIDTH * i);
#else
    let first = params.first_in_row + WIDTH * i;
#endif
#if eight
    let even = numbers_OPERAND(first, vec4<u32>(0u, 2u, 4u, 6u));
    return Eight(even, numbers_OPERAND(first, vec4<u32>(1u, 3u, 5u, 7u)));
#else
    return numbers_OPERAND(first, vec4<u32>(0u, 1u, 2u, 3u));
#endif
}
#endif
