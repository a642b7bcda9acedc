// mish(x) = x tanh(ln(1 + exp(x))). With e = exp(-|x|) that is x (1 + 2e) / (1 + 2e + 2e^2) for x > 0, and
// x e (2 + e) / (2 + 2e + e^2) below.

fn mish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Above 20 it is x, below -200 it is 0.
    let middle = clamp(x, vec4<f32>(-200.0), vec4<f32>(20.0));
    let positive = x > vec4<f32>(0.0);
    let e = numerics_exp(numerics_plain(-abs(middle)));
    let u = numerics_exp_term(e);
    let double = numerics_wide_scale(u, 2.0);
    let square = numerics_wide_mul(u, u);
    let two = numerics_plain(vec4<f32>(2.0));
    let right = numerics_wide_add(numerics_one(), double);
    let q = numerics_wide_div(
        numerics_wide_select(numerics_wide_add(two, u), right, positive),
        numerics_wide_select(
            numerics_wide_add(numerics_wide_add(two, double), square),
            numerics_wide_add(right, numerics_wide_scale(square, 2.0)),
            positive,
        ),
    );
    let scaled = numerics_wide_mul(numerics_split(middle), q);
    let value = select(numerics_exp_times(e, scaled), scaled.head + scaled.tail, positive);
    // So small an x would have a subnormal tail.
    let tiny = select(value, x * (q.head + q.tail), abs(x) < vec4<f32>(1.0e-20));
    return select(tiny, x, (x >= vec4<f32>(20.0)) | numerics_is_nan(x));
}

fn mish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let middle = clamp(x, vec4<f32>(-200.0), vec4<f32>(20.0));
    let exponential = numerics_exp(numerics_plain(middle));
    let e = numerics_exp_value(exponential);
    // For x <= 0, where e is small, by differences from 1: with g = e + e^2 / 2 and
    // t = (1 + e) / (1 + g) it is e (1 - e t / 2 + x t / (1 + g)).
    let g = e + 0.5 * e * e;
    let t = 1.0 - (0.5 * e * e) / (1.0 + g);
    let bracket = (1.0 - 0.5 * e * t) + middle * (t * (1.0 - g / (1.0 + g)));
    let small = numerics_exp_times(exponential, numerics_split(bracket));
    // For x > 0, with r = 1 / (w + 2): tanh is 1 - 2r, and x sigmoid(x) (1 - tanh^2) is added.
    let r = 1.0 / (e * (e + 2.0) + 2.0);
    let sigmoid = 1.0 - 1.0 / (1.0 + e);
    let large = (1.0 - 2.0 * r) + middle * (sigmoid * (4.0 * r * (1.0 - r)));
    let value = select(small, large, x > vec4<f32>(0.0));
    let right = select(value, vec4<f32>(1.0), x >= vec4<f32>(20.0));
    return select(right, x, numerics_is_nan(x));
}
