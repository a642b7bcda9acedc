// mish(x) = x tanh(ln(1 + exp(x))) = x w / (1 + w), with t = exp(x) and w = t (1 + t / 2).

fn mish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Above 20 it is x, below -110 it is 0. What may be too small for f32 is scaled by 2^34.
    let low = max(x, vec4<f32>(-110.0));
    let e = numerics_short_exp(numerics_plain(min(low, vec4<f32>(20.0))), 34.0);
    // w is the scale times 1 + rest.
    let one = 1.0 + e.fraction;
    let rest = e.fraction + ((e.scale * 2.910383e-11) * one) * one;
    let w = e.scale + e.scale * rest;
    let value = (low * 5.820766e-11) * (w / (1.0 + w * 5.820766e-11));
    // Around 0 its tangent, with the rest of 0.6; no compiler joins x and low.
    let tangent = 0.6 * x - 2.3841858e-8 * low;
    return select(tangent, value, numerics_is_curved(x));
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
