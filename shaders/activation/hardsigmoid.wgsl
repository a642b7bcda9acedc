// hardsigmoid(x) = min(max(x + 3, 0), 6) / 6.

fn hardsigmoid(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let middle = clamp(x, vec4<f32>(-3.0), vec4<f32>(3.0));
    // x + 3 in two parts, the first rounded to 12 bits, which makes the second exact; and the quotient
    // put right with what division and sum left over.
    let bits = bitcast<vec4<u32>>(3.0 + middle);
    let head = bitcast<vec4<f32>>((bits + vec4<u32>(0x800u)) & vec4<u32>(0xfffff000u));
    let tail = (3.0 - head) + middle;
    let quotient = (head + tail) / 6.0;
    let split = numerics_split(quotient);
    let rest = ((head - 6.0 * split.head) - 6.0 * split.tail) + tail;
    return select(quotient + rest / 6.0, x, numerics_is_nan(x));
}

// 1/6 strictly between -3 and 3, else 0; NaN for NaN.
fn hardsigmoid_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(vec4<f32>(0.0), vec4<f32>(0.16666667), abs(x) < vec4<f32>(3.0));
    return select(value, x, numerics_is_nan(x));
}
