// softshrink(x) = x - lambda for x > lambda = p.x, x + lambda for x < -lambda, else 0.

fn softshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 3.4028234e38);
    let lambda = numerics_abs(p.xxxx, 3.4028234e38);
    // Below 2^-60 it is computed in units of 2^-149. Above, so small a lambda makes no difference.
    let tiny = size < vec4<f32>(8.6736174e-19);
    let a = select(size, numerics_units(size), tiny);
    let b = select(lambda, numerics_units(lambda), tiny);
    let difference = numerics_sub(max(a, b), b);
    let shrunk = numerics_with_sign(select(difference, numerics_from_units(difference), tiny), x);
    let value = numerics_select(shrunk, vec4<f32>(0.0), numerics_is_within(x, p.xxxx));
    return numerics_select(value, x, numerics_size(x) >= vec4<u32>(0x7f800000u));
}

// 0 where |x| <= lambda, else 1; NaN for NaN.
fn softshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let value = select(vec4<f32>(1.0), vec4<f32>(0.0), numerics_is_within(x, p.xxxx));
    return numerics_or_nan(value, x);
}
