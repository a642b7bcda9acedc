// tanhshrink(x) = x - tanh(x).

// For |x| <= 0.5: x^3 times its series, of which 1 / 3 is in two parts.
fn tanhshrink_near(x: vec4<f32>) -> vec4<f32> {
    let third = vec4<f32>(0.333251953125);
    let series = NumericsWide(third, 8.1380208e-5 + numerics_tanhshrink_series(x * x));
    // Small numbers are scaled, so that no tail is a subnormal, which a device may flush.
    let small = abs(x) < vec4<f32>(1.0e-9);
    let split = numerics_split(x * select(vec4<f32>(1.0), vec4<f32>(1.0995116e12), small));
    let square = numerics_wide_mul(split, split);
    let cube = numerics_wide_mul(split, numerics_wide_mul(square, series));
    return (cube.head + cube.tail) * select(vec4<f32>(1.0), vec4<f32>(7.5231638e-37), small);
}

fn tanhshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = abs(x);
    let t = numerics_tanh(a);
    let far = (a - t.head) - t.tail;
    let value = select(
        select(far, -far, x < vec4<f32>(0.0)),
        tanhshrink_near(x),
        a < vec4<f32>(0.5),
    );
    return select(value, x, numerics_is_nan(x));
}

// tanh(x)^2.
fn tanhshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = abs(x);
    let far = numerics_tanh(a);
    let split = numerics_split(a);
    let near = a < vec4<f32>(0.2);
    let t = NumericsWide(
        select(far.head, split.head, near),
        select(far.tail, split.tail - numerics_tanhshrink_small(a), near),
    );
    let square = numerics_wide_mul(t, t);
    // So small an x has subnormal tails.
    let value = select(square.head + square.tail, a * a, a < vec4<f32>(1.0e-15));
    return select(value, x, numerics_is_nan(x));
}
