// softsign(x) = x / (1 + |x|).

// 1 / (1 + a) for 0 <= a < infinity.
fn softsign_reciprocal(a: vec4<f32>) -> NumericsWide {
    return numerics_wide_div(numerics_one(), numerics_sum(vec4<f32>(1.0), a));
}

fn softsign(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Past 1e9 it is the sign, also at infinity.
    let middle = clamp(x, vec4<f32>(-1.0e9), vec4<f32>(1.0e9));
    let wide = numerics_wide_mul(numerics_split(middle), softsign_reciprocal(abs(middle)));
    // So small an x would have a subnormal tail, and is the result.
    let tiny = abs(x) < vec4<f32>(1.0e-20);
    return select(wide.head + wide.tail, x, tiny | numerics_is_nan(x));
}

// 1 / (1 + |x|)^2.
fn softsign_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Past 1e25 it is 0, also at infinity.
    let q = softsign_reciprocal(min(abs(x), vec4<f32>(1.0e25)));
    let square = numerics_wide_mul(q, q);
    // So large an x would have subnormal tails.
    let plain = q.head + q.tail;
    let value = select(square.head + square.tail, plain * plain, abs(x) > vec4<f32>(1.0e15));
    return select(value, x, numerics_is_nan(x));
}
