// mish(x) = x tanh(ln(1 + exp(x))) = x w / (w + 2), with e = exp(x) and w = e (e + 2).

fn mish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Above 20 it is x, below -200 it is 0.
    let middle = clamp(x, vec4<f32>(-200.0), vec4<f32>(20.0));
    let exp = numerics_exp(numerics_plain(middle));
    let e = numerics_exp_value(exp);
    let denominator = e * (e + 2.0) + 2.0;
    let value = numerics_exp_times(exp, middle * ((e + 2.0) / denominator));
    return select(value, x, x >= vec4<f32>(20.0) | numerics_is_nan(x));
}

// With g = e + e^2 / 2: t + x t / (1 + g) for t = (1 + e) / (1 + g) less e t / 2.
fn mish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let middle = clamp(x, vec4<f32>(-200.0), vec4<f32>(20.0));
    let exp = numerics_exp(numerics_plain(middle));
    let e = numerics_exp_value(exp);
    // For x < 0, where e is small, as differences from 1.
    let g = e + 0.5 * e * e;
    let t = 1.0 - (0.5 * e * e) / (1.0 + g);
    let small = (1.0 - 0.5 * e * t) + middle * (t * (1.0 - g / (1.0 + g)));
    let d = e * (e + 2.0) + 2.0;
    let large = ((e + 2.0) + 4.0 * middle * ((1.0 + e) / d)) / d;
    let value = numerics_exp_times(exp, select(small, large, x > vec4<f32>(0.0)));
    let right = select(value, vec4<f32>(1.0), x >= vec4<f32>(20.0));
    return select(right, x, numerics_is_nan(x));
}
