// gelu(x) = x Phi(x), with Phi the standard normal distribution: |x| Phi(-|x|) below 0, and x less that above.
// The errors given are relative, before rounding.

// The argument of exp(-a^2 / 2). The tail has the rounding error of a^2.
fn gelu_argument(a: vec4<f32>) -> NumericsWide {
    let split = numerics_split(a);
    let head = numerics_mul(split.head, numerics_mul(split.head, vec4<f32>(-0.5)));
    let tail = numerics_mul(numerics_mul(split.tail, vec4<f32>(-0.5)), numerics_add(a, split.head));
    return NumericsWide(head, tail);
}

// With Phi(-a) = exp(-a^2 / 2) R(a), a R(a) is a n / (sqrt(2 pi) a n + m): n and m are polynomials whose rounding
// errors matter little where a is large. R(0) is 1/2; error 2e-8. Past 14.5 nothing changes: Phi(-14.5) is 6e-48.
fn gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 14.5);
    let e = numerics_exp(gelu_argument(size));
    var n = numerics_add(size, vec4<f32>(9.426161));
    n = numerics_mul_add(n, size, 41.05884);
    n = numerics_mul_add(n, size, 95.33526);
    let n_sum = numerics_two_sum_positive(vec4<f32>(104.59837), numerics_mul(numerics_rounded(n), size));
    var m = numerics_mul_add(size, vec4<f32>(0.00027571266), 2.4944043);
    m = numerics_mul_add(m, size, 23.859417);
    m = numerics_mul_add(m, size, 95.39626);
    let product = numerics_mul(numerics_rounded(m), size);
    let constant = numerics_two_sum_positive(vec4<f32>(209.19674), product);
    let top = numerics_wide_mul(numerics_split(size), numerics_wide_split(n_sum));
    let linear = numerics_two_sum_positive(constant.head, numerics_mul(top.head, vec4<f32>(2.5066283)));
    let lost = numerics_mul(top.tail, vec4<f32>(2.5066283));
    let below = numerics_fast_split_sum(linear.head, numerics_add(numerics_add(linear.tail, constant.tail), lost));
    let above = numerics_wide_mul(numerics_exp_factor(e), numerics_wide_split(top));
    let tail = numerics_quotient(above, below);
    // Around 0 it is x / 2, which may be subnormal.
    let tiny = size < vec4<f32>(7.4505806e-9);
    let left = numerics_shrink(select(tail, numerics_units(x), tiny), select(e.exponent, vec4<i32>(-150), tiny));
    let scaled = numerics_mul(tail, numerics_exp2(max(e.exponent, vec4<i32>(-100))));
    let right = numerics_select(x, numerics_sub(size, scaled), size < vec4<f32>(14.5));
    let signed = numerics_with_sign(left, x);
    let value = numerics_select(signed, right, numerics_is_positive(x) & !tiny);
    return numerics_or_nan(value, x);
}

// gelu'(-a) for 0 <= a <= 0.5; the odd part has an error of 3e-8.
fn gelu_grad_centre(a: vec4<f32>) -> vec4<f32> {
    let s = numerics_mul(a, a);
    var p = numerics_mul_add(s, vec4<f32>(0.00177365891), -0.0098303752);
    p = numerics_mul_add(p, s, 0.0598947927);
    p = numerics_mul_add(p, s, -0.26596427);
    p = numerics_mul_add(p, s, 0.797884583);
    return numerics_sub(vec4<f32>(0.5), numerics_mul(a, numerics_rounded(p)));
}

// gelu'(-a) for 0 <= a <= 1, around its zero at 0.7518; error 3e-9 of the larger term.
fn gelu_grad_zero(a: vec4<f32>) -> vec4<f32> {
    let u = numerics_sub(a, vec4<f32>(0.75));
    var p = numerics_mul_add(u, vec4<f32>(-0.0029797235), -0.0047363569);
    p = numerics_mul_add(p, u, 0.0195173882);
    p = numerics_mul_add(p, u, 0.0145940753);
    p = numerics_mul_add(p, u, -0.114138156);
    p = numerics_mul_add(p, u, 0.0190160591);
    p = numerics_mul_add(p, u, 0.388184905);
    p = numerics_mul_add(p, u, -0.432885051);
    return numerics_rounded(numerics_mul_add(p, u, 0.000774278538));
}

// R(a) - a / sqrt(2 pi) for a >= 1; error 1.1e-8 of the larger of the two. R is a polynomial of t, which is 0 near 1, where
// the errors of t and of the products would count most. R(1.06201171875) is the constant to 35 bits.
fn gelu_grad_tail(a: vec4<f32>) -> NumericsWide {
    let t = numerics_quotient(
        numerics_plain(numerics_sub(a, vec4<f32>(1.06201171875))),
        numerics_split_sum(a, vec4<f32>(2.5)),
    );
    var p = numerics_mul_add(t, vec4<f32>(-0.00482193846), 0.0153651377);
    p = numerics_mul_add(p, t, -0.00184338936);
    p = numerics_mul_add(p, t, -0.0322388373);
    p = numerics_mul_add(p, t, -0.0354542509);
    p = numerics_mul_add(p, t, 0.268568426);
    p = numerics_mul_add(p, t, -0.462855101);
    let r = numerics_fast_split_sum(vec4<f32>(0.253293097), numerics_mul(numerics_rounded(p), t));
    // 1 / sqrt(2 pi) in two parts.
    let slope = numerics_wide_mul(numerics_split(a), NumericsWide(vec4<f32>(0.39892578125), vec4<f32>(1.6499151e-5)));
    // R(a) is at most a / sqrt(2 pi).
    let sum = numerics_fast_split_sum(-slope.head, r.head);
    return NumericsWide(sum.head, numerics_sub(numerics_add(sum.tail, r.tail), slope.tail));
}

// Phi(x) + x phi(x); the derivative at x is 1 less the one at -x.
fn gelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let size = numerics_abs(x, 15.5);
    let a = max(size, vec4<f32>(1.0));
    let e = numerics_exp(gelu_argument(a));
    let product = numerics_value(numerics_wide_mul(numerics_exp_factor(e), gelu_grad_tail(a)));
    let near = select(gelu_grad_zero(size), gelu_grad_centre(size), size < vec4<f32>(0.5));
    let is_near = size < vec4<f32>(1.0);
    let left = select(numerics_shrink_signed(product, e.exponent), near, is_near);
    let scaled = numerics_mul(product, numerics_exp2(max(e.exponent, vec4<i32>(-60))));
    let right = numerics_sub(vec4<f32>(1.0), select(scaled, near, is_near));
    return numerics_or_nan(select(left, right, numerics_is_positive(x)), x);
}
