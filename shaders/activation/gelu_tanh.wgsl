// gelu_tanh(x) = x / 2 (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3).

// x (1.5957691 + cubic x^2), which is 2u or x times its slope, with more bits: its rounding error would
// be multiplied by itself. x is not negative.
fn gelu_tanh_odd(x: vec4<f32>, cubic: NumericsWide) -> NumericsWide {
    let split = numerics_split(x);
    let square = numerics_wide_split(numerics_wide_mul(split, split));
    let curve = numerics_wide_mul(square, cubic);
    let sum = numerics_two_sum_positive(vec4<f32>(1.595703125), curve.head);
    let tail = numerics_add(sum.tail, numerics_add(curve.tail, vec4<f32>(6.5996606e-5)));
    return numerics_wide_mul(split, numerics_wide_split(NumericsWide(sum.head, tail)));
}

fn gelu_tanh_argument(x: vec4<f32>) -> NumericsWide {
    let cubic = NumericsWide(vec4<f32>(0.07135009765625), vec4<f32>(4.7186164e-6));
    return gelu_tanh_odd(x, cubic);
}

fn gelu_tanh(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 10.8);
    let v = gelu_tanh_argument(size);
    return numerics_gate(x, size, numerics_wide_select(v, numerics_wide_negate(v), numerics_is_negative(x)));
}

// s + x s (1 - s) 2u' with s = 1 / (1 + exp(-2u)); the derivative at x is 1 less the one at -x.
fn gelu_tanh_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let cubic = NumericsWide(vec4<f32>(0.21405029296875), vec4<f32>(1.4155849e-5));
    let size = numerics_abs(x, 13.0);
    let v = numerics_wide_negate(gelu_tanh_argument(size));
    let slope = numerics_wide_split(gelu_tanh_odd(size, cubic));
    return numerics_or_nan(numerics_logistic_grad(v, slope, numerics_is_positive(x)), x);
}
