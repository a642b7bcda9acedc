// relu(x) = max(x, 0), written on the bits: `max` and float comparisons lose NaN, or its payload, on
// many drivers. The sign bit set and no NaN is exactly 0x80000001..=0xff800000, -0.0 left out.

fn relu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));
}

// 0 where x <= 0, else 1, also for NaN: the gradient passes through it, as PyTorch's does.
fn relu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    // x <= 0: everything relu sends to zero, and both zeros.
    let negative = (bits - vec4<u32>(0x80000001u)) <= vec4<u32>(0x7f7fffffu);
    let zero = (bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u);
    return select(vec4<f32>(1.0), vec4<f32>(0.0), negative | zero);
}
