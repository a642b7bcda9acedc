// mish(x) = x tanh(ln(1 + exp(x))) = x w / (2 + w), with e = exp(x) and w = e (2 + e).

fn mish(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    // Above 20 it is x.
    let near = numerics_with_sign(numerics_abs(x, 110.0), x);
    let e = numerics_short_exp(numerics_plain(min(near, vec4<f32>(20.0))));
    // w is above * 2^exponent. Below 2^-60, e makes no difference beside 2.
    let scale = numerics_exp2(max(e.exponent, vec4<i32>(-60)));
    let factor = numerics_fast_split_sum(vec4<f32>(1.0), e.fraction);
    let term = numerics_wide_scale(factor, scale);
    let two = vec4<f32>(2.0);
    let sum = numerics_fast_split_sum(max(term.head, two), min(term.head, two));
    let above = numerics_wide_mul(factor, NumericsWide(sum.head, numerics_add(sum.tail, term.tail)));
    let w = numerics_wide_scale(above, scale);
    let below = numerics_fast_split_sum(max(w.head, two), min(w.head, two));
    let t = numerics_quotient(above, NumericsWide(below.head, numerics_add(below.tail, w.tail)));
    // Around 0, x may be subnormal.
    let tiny = numerics_abs(x, 1.0) < vec4<f32>(7.4505806e-9);
    let factor_x = select(abs(near), numerics_units(x), tiny);
    let exponent = e.exponent - select(vec4<i32>(0), vec4<i32>(149), tiny);
    let value = numerics_with_sign(numerics_shrink(numerics_mul(factor_x, t), exponent), x);
    let low = select(value, vec4<f32>(0.0), near == vec4<f32>(-110.0));
    return numerics_select(low, x, (near >= vec4<f32>(20.0)) | numerics_is_nan(x));
}

// With e = exp(-|x|), d = 1 + e and s = d^2 + 1 it is e ((d + 1) s + 4 x d) / s^2 for x < 0, and with s = d^2 + e^2
// it is ((d^2 - e^2) s + 4 x e^2 d) / s^2 for x > 0.
fn mish_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let negative = numerics_is_negative(x);
    let near = numerics_with_sign(numerics_abs(x, 120.0), x);
    let e = numerics_exp(numerics_plain(-abs(near)));
    let factor = numerics_exp_factor(e);
    let term = numerics_wide_scale(factor, numerics_exp2(max(e.exponent, vec4<i32>(-60))));
    let one = numerics_plain(vec4<f32>(1.0));
    let d = numerics_one_plus(factor, e.exponent);
    let square = numerics_wide_split(numerics_wide_mul(d, d));
    let part = numerics_wide_select(numerics_wide_split(numerics_wide_mul(term, term)), one, negative);
    let s = numerics_fast_wide_add(square, part);
    let first = numerics_fast_wide_add(
        numerics_wide_select(square, d, negative),
        numerics_wide_select(numerics_wide_negate(part), one, negative),
    );
    let slope = numerics_wide_split(numerics_wide_mul(numerics_split(4.0 * near), d));
    let second = numerics_wide_split(numerics_wide_mul(slope, part));
    let product = numerics_wide_mul(first, s);
    let heads = numerics_split_sum(product.head, second.head);
    let sum = NumericsWide(heads.head, numerics_add(heads.tail, numerics_add(product.tail, second.tail)));
    let above = numerics_wide_mul(numerics_wide_select(one, factor, negative), sum);
    let quotient = numerics_wide_div(above, numerics_wide_split(numerics_wide_mul(s, s)));
    let value = numerics_shrink_signed(numerics_value(quotient), select(vec4<i32>(0), e.exponent, negative));
    return numerics_or_nan(value, x);
}
