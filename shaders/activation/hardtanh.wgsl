// hardtanh(x) = x between min_val = p.x and max_val = p.y, and these beyond.

fn hardtanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let order = numerics_order(x);
    let low = numerics_select(x, p.xxxx, order < numerics_order(p.xxxx));
    return numerics_or_nan(numerics_select(low, p.yyyy, order > numerics_order(p.yyyy)), x);
}

// 1 strictly between, else 0; NaN for NaN. An infinite x is above -inf and below +inf: the derivative there is the limit.
fn hardtanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let order = numerics_order(x);
    let low = numerics_order(p.xxxx);
    let high = numerics_order(p.yyyy);
    let above = (order > low) | (low == vec4<i32>(-0x7f800000));
    let below = (order < high) | (high == vec4<i32>(0x7f800000));
    return numerics_or_nan(select(vec4<f32>(0.0), vec4<f32>(1.0), above & below & (low < high)), x);
}
