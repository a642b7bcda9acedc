// gelu_tanh(x) = x / 2 (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3).

// x (1.5957691 + cubic x^2), which is 2u or x times its slope, with more bits: its rounding error would
// be multiplied by itself. Of |x| at most 20, beyond which nothing changes.
fn gelu_tanh_odd(x: vec4<f32>, cubic: NumericsWide) -> NumericsWide {
    let split = numerics_split(clamp(x, vec4<f32>(-20.0), vec4<f32>(20.0)));
    let linear = NumericsWide(vec4<f32>(1.595703125), vec4<f32>(6.5996606e-5));
    let square = numerics_wide_mul(split, split);
    return numerics_wide_mul(split, numerics_wide_add(linear, numerics_wide_mul(cubic, square)));
}

fn gelu_tanh_argument(x: vec4<f32>) -> NumericsWide {
    let cubic = NumericsWide(vec4<f32>(0.07135009765625), vec4<f32>(4.7186164e-6));
    return gelu_tanh_odd(x, cubic);
}

fn gelu_tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return numerics_gate(x, gelu_tanh_argument(x));
}

// s + x s (1 - s) 2u' with s = 1 / (1 + exp(-2u)); the derivative at x is 1 less the one at -x.
fn gelu_tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let cubic = NumericsWide(vec4<f32>(0.21405029296875), vec4<f32>(1.4155849e-5));
    let left = numerics_logistic_grad(gelu_tanh_argument(-abs(x)), gelu_tanh_odd(abs(x), cubic));
    let value = select(left, 1.0 - left, x > vec4<f32>(0.0));
    return select(value, x, numerics_is_nan(x));
}
