// elu(x) = x > 0: x; else alpha * (exp(x) - 1), with alpha = p.x of any size and sign.
//
// WGSL has no expm1 and its exp is 3 + 2|x| ulp, so both come from one reduction: x = n ln 2 + r with
// |r| <= ln 2 / 2, and a polynomial for exp(r) - 1.

// exp(r) - 1 for |r| <= 0.3467: r + r^2 / 2 + r^3 q(r), q fitted by weighted least squares at
// Chebyshev nodes; relative error 1e-9 before rounding.
fn elu_expm1_reduced(r: vec4<f32>) -> vec4<f32> {
    let q = 0.16666667 + r * (0.04166648 + r * (0.008333288 + r * (0.0013933677 + r * 0.00019905248)));
    return r + (r * r) * (0.5 + r * q);
}

// x - n ln 2, with ln 2 in two parts (n * 0.69314575 is exact). The clamp changes nothing in exact
// arithmetic; it stops compilers from folding the two steps into one.
fn elu_reduce(x: vec4<f32>, n: vec4<f32>) -> vec4<f32> {
    return clamp(x - n * 0.693145751953125, vec4<f32>(-1.0), vec4<f32>(1.0)) - n * 1.42860677e-6;
}

// 2^n for -126 <= n <= 127.
fn elu_exp2(n: vec4<i32>) -> vec4<f32> {
    return bitcast<vec4<f32>>((n + vec4<i32>(127)) << vec4<u32>(23u));
}

fn elu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    // Below -30, exp(x) - 1 is -1 in f32.
    let low = clamp(x, vec4<f32>(-30.0), vec4<f32>(0.0));
    let n = round(low * 1.44269504);
    let m = elu_expm1_reduced(elu_reduce(low, n));
    let scale = elu_exp2(vec4<i32>(n));
    // For n = 0 the sum is m itself; written as a select, no compiler can turn it into (1 + m) - 1.
    let expm1 = select(scale * m + (scale - 1.0), m, n == vec4<f32>(0.0));
    // x <= 0 and no NaN; NaN and positive x are their own result.
    let negative = (bits - vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, bitcast<vec4<u32>>(p.xxxx * expm1), negative));
}

// 1 where x > 0, else alpha * exp(x).
fn elu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    // Even the largest alpha times exp(-178) is 0 in f32.
    let low = clamp(x, vec4<f32>(-178.0), vec4<f32>(0.0));
    let n = round(low * 1.44269504);
    let m = elu_expm1_reduced(elu_reduce(low, n));
    // alpha * 2^n (1 + m) with 2^n in three factors: n can be below -126 while the product, for a
    // large alpha, is a normal number. The intermediate results are never smaller than the last.
    let whole = vec4<i32>(n);
    let third = whole / 3;
    let factor = elu_exp2(third);
    let scaled = (p.xxxx * factor) * ((1.0 + m) * factor) * elu_exp2(whole - 2 * third);
    let small = select(scaled, vec4<f32>(0.0), low == vec4<f32>(-178.0));
    let positive = (bits - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
    let nan = (bits & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return select(select(small, vec4<f32>(1.0), positive), x, nan);
}
