// softsign(x) = x / (1 + |x|).

fn softsign(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Past 2^40 it is the sign, also at infinity; below 2^-30 it is x, subnormal or not.
    let size = numerics_abs(x, 1099511627776.0);
    let below = numerics_fast_split_sum(max(size, vec4<f32>(1.0)), min(size, vec4<f32>(1.0)));
    let value = numerics_value(numerics_wide_div(numerics_plain(size), below));
    let tiny = size < vec4<f32>(9.313226e-10);
    return numerics_select(numerics_with_sign(value, x), x, tiny | numerics_is_nan(x));
}

// 1 / (1 + |x|)^2, where 1 + |x| is scaled to be from 1 to 4.
fn softsign_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 3.4028234e38);
    let exponent = clamp((bitcast<vec4<i32>>(size) >> vec4<u32>(23u)) - vec4<i32>(127), vec4<i32>(0), vec4<i32>(126));
    let scale = numerics_exp2(-exponent);
    let scaled = numerics_mul(size, scale);
    let below = numerics_fast_split_sum(max(scaled, scale), min(scaled, scale));
    let square = numerics_wide_split(numerics_wide_mul(below, below));
    let quotient = numerics_wide_div(numerics_plain(vec4<f32>(1.0)), square);
    let value = numerics_shrink(numerics_value(quotient), -2 * exponent);
    let infinite = numerics_size(x) == vec4<u32>(0x7f800000u);
    return numerics_or_nan(select(value, vec4<f32>(0.0), infinite), x);
}
