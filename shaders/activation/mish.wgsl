// mish(x) = x tanh(ln(1 + exp(x))) = x w / (w + 2), with e = exp(x) and w = e (e + 2).

fn mish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Above 20 it is x, below -200 it is 0.
    let middle = clamp(x, vec4<f32>(-200.0), vec4<f32>(20.0));
    let exponential = numerics_exp(numerics_plain(middle));
    let e = numerics_exp_value(exponential);
    let d = e * (e + 2.0) + 2.0;
    let small = numerics_exp_times(exponential, middle * ((e + 2.0) / d));
    let large = middle * (1.0 - 2.0 / d);
    let value = select(small, large, x > vec4<f32>(0.0));
    return select(value, x, (x >= vec4<f32>(20.0)) | numerics_is_nan(x));
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
    let small = numerics_exp_times(exponential, bracket);
    // For x > 0, with r = 1 / (w + 2): tanh is 1 - 2r, and x sigmoid(x) (1 - tanh^2) is added.
    let r = 1.0 / (e * (e + 2.0) + 2.0);
    let sigmoid = 1.0 - 1.0 / (1.0 + e);
    let large = (1.0 - 2.0 * r) + middle * (sigmoid * (4.0 * r * (1.0 - r)));
    let value = select(small, large, x > vec4<f32>(0.0));
    let right = select(value, vec4<f32>(1.0), x >= vec4<f32>(20.0));
    return select(right, x, numerics_is_nan(x));
}
