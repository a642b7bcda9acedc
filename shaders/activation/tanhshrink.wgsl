// tanhshrink(x) = x - tanh(x).

// For |x| < 1: x^3 times a polynomial in x^2; relative error 4e-8 before rounding.
fn tanhshrink_small(x: vec4<f32>) -> vec4<f32> {
    let t = x * x - 0.5;
    var q = -0.000148858 * t + 0.00044592048;
    q = q * t - 0.0011838941;
    q = q * t + 0.0035111117;
    q = q * t - 0.010454626;
    q = q * t + 0.031030169;
    q = q * t - 0.09223752;
    q = q * t + 0.27788565;
    return x * x * x * q;
}

fn tanhshrink(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = abs(x);
    // 1 - tanh(a) is 2e / (1 + e) with e = exp(-2a).
    let e = numerics_exp_value(numerics_exp(numerics_plain(-2.0 * a)));
    let large = (a - 1.0) + 2.0 * e / (1.0 + e);
    let value = select(
        select(large, -large, x < vec4<f32>(0.0)),
        tanhshrink_small(x),
        a < vec4<f32>(1.0),
    );
    return select(value, x, numerics_is_nan(x));
}

// tanh(x)^2, and for larger x 1 - 4e q^2 with q = 1 / (1 + e), which is the same.
fn tanhshrink_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = abs(x);
    let e = numerics_exp(numerics_plain(-2.0 * a));
    let q = numerics_reciprocal_1p(numerics_exp_value(e));
    let large = 1.0 - numerics_exp_times(e, 4.0 * q * q);
    let t = a - tanhshrink_small(a);
    let value = select(large, t * t, a < vec4<f32>(0.85));
    return select(value, x, numerics_is_nan(x));
}
