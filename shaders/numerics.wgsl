// What the smooth activations share: exp, expm1, softplus, tanh, with more bits than f32 and in short.
//
// WGSL has no expm1, log1p or erfc, and its exp and tanh may be tens of ulp off. Compilers may also
// contract and reassociate, so extra bits are never taken from rounding errors, but from values cut to
// 12 bits: these multiply exactly, and no compiler sees through the cut.
//
// Nothing here but numerics_gate takes care of NaN: the callers do, on the bits.

// A number of more than 24 bits: the sum. Where it is multiplied, the head has 12 bits.
struct NumericsWide {
    head: vec4<f32>,
    tail: vec4<f32>,
}

// 2^exponent * (1 + coarse + fine). 1 + coarse has 12 bits; fine is the rest, below 2^-11.
struct NumericsExp {
    coarse: vec4<f32>,
    fine: vec4<f32>,
    exponent: vec4<i32>,
}

fn numerics_is_nan(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

// x > 0, and no NaN.
fn numerics_is_positive(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
}

// The upper 12 bits.
fn numerics_head(x: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) & vec4<u32>(0xfffff000u));
}

fn numerics_plain(x: vec4<f32>) -> NumericsWide {
    return NumericsWide(x, vec4<f32>(0.0));
}

fn numerics_split(x: vec4<f32>) -> NumericsWide {
    let head = numerics_head(x);
    return NumericsWide(head, x - head);
}

fn numerics_wide_mul(a: NumericsWide, b: NumericsWide) -> NumericsWide {
    let product = a.head * b.head;
    let head = numerics_head(product);
    // This has 12 bits anyway; cutting it stops compilers from joining products of heads and of tails.
    let rest = numerics_head(product - head);
    return NumericsWide(head, rest + (a.head * b.tail + a.tail * (b.head + b.tail)));
}

fn numerics_wide_add(a: NumericsWide, b: NumericsWide) -> NumericsWide {
    let head = numerics_head(a.head + b.head);
    // As above.
    let rest = numerics_head((a.head - head) + b.head);
    return NumericsWide(head, rest + (a.tail + b.tail));
}

fn numerics_wide_scale(a: NumericsWide, factor: f32) -> NumericsWide {
    return NumericsWide(a.head * factor, a.tail * factor);
}

fn numerics_wide_select(no: NumericsWide, yes: NumericsWide, which: vec4<bool>) -> NumericsWide {
    return NumericsWide(select(no.head, yes.head, which), select(no.tail, yes.tail, which));
}

// The quotient and, from what it leaves, its tail; a quotient that is a little off costs nothing.
fn numerics_wide_div(a: NumericsWide, b: NumericsWide) -> NumericsWide {
    let inverse = 1.0 / (b.head + b.tail);
    let head = numerics_head((a.head + a.tail) * inverse);
    let rest = (a.head - head * b.head) + (a.tail - head * b.tail);
    return NumericsWide(head, rest * inverse);
}

// -|a|.
fn numerics_wide_minus_abs(a: NumericsWide) -> NumericsWide {
    return numerics_wide_select(numerics_wide_scale(a, -1.0), a, a.head < vec4<f32>(0.0));
}

// a + b of two plain numbers of at least 0.
fn numerics_sum(a: vec4<f32>, b: vec4<f32>) -> NumericsWide {
    let head = numerics_head(a + b);
    return NumericsWide(head, (max(a, b) - head) + min(a, b));
}

fn numerics_one() -> NumericsWide {
    return numerics_plain(vec4<f32>(1.0));
}

// 1 - a for a >= 0. What is small goes to the tail: the difference would have more than 24 bits.
fn numerics_one_minus(a: NumericsWide) -> NumericsWide {
    let small = NumericsWide(vec4<f32>(0.0), a.head + a.tail);
    let b = numerics_wide_select(a, small, a.head < vec4<f32>(0.00024414062));
    return numerics_wide_add(numerics_one(), numerics_wide_scale(b, -1.0));
}

// 2^n for -126 <= n <= 127.
fn numerics_exp2(n: vec4<i32>) -> vec4<f32> {
    return bitcast<vec4<f32>>((n + vec4<i32>(127)) << vec4<u32>(23u));
}

// Rounded towards 0 to 11 bits after the point.
fn numerics_coarse(x: vec4<f32>) -> vec4<f32> {
    return trunc(x * 2048.0) * 0.00048828125;
}

// exp(x). Beyond |x| = 200, where f32 has long ended, it is exp(200) and exp(-200).
fn numerics_exp(x: NumericsWide) -> NumericsExp {
    let head = clamp(x.head, vec4<f32>(-200.0), vec4<f32>(200.0));
    let tail = select(vec4<f32>(0.0), x.tail, head == x.head);
    let n = round((head + tail) * 1.442695);
    // ln 2 comes in two parts, of which n times the first is exact; the clamp changes nothing, but stops
    // compilers from joining the two.
    let high = clamp(head - n * 0.693145751953125, vec4<f32>(-1.0), vec4<f32>(1.0));
    let low = tail - n * 1.4286068e-6;
    let r = high + low;
    // exp(r) - 1 = r + r^2 / 2 + r^3 q(r) for |r| <= 0.36; the error is 2e-10. With r = c + d, where c is
    // coarse, c and c^2 / 2 are exact, and all else is small.
    let q = 0.16666666 + r * (0.041666448 + r * (0.008333552 + r * (0.0013937127 + r * 0.00019761932)));
    let c = numerics_coarse(r);
    let d = (high - c) + low;
    let square = 0.5 * c * c;
    // As above: d + d * (..) would become d * (1 + ..).
    let curve = clamp(d * (c + 0.5 * d) + (r * r) * (r * q), vec4<f32>(-1.0), vec4<f32>(1.0));
    let rest = d + curve;
    let coarse = numerics_coarse(c + (square + rest));
    return NumericsExp(coarse, ((c - coarse) + square) + rest, vec4<i32>(n));
}

// scale * (1 + fraction), in plain numbers: for results of one or two ulp.
struct NumericsShort {
    scale: vec4<f32>,
    fraction: vec4<f32>,
}

// exp(r) - 1 for |r| <= 0.35; error 2e-8 of r.
fn numerics_short_fraction(r: vec4<f32>) -> vec4<f32> {
    let q = 0.5 + r * (0.1666654 + r * (0.041666478 + r * (0.008366858 + r * 0.001393373)));
    return r + r * r * q;
}

// 2^n for a whole n from -126 to 127, whose last bits are those of n plus 1.5 * 2^23.
fn numerics_short_exp2(n: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(n + 12583039.0) << vec4<u32>(23u));
}

// 2^shift exp(x), where that is in the range of f32.
fn numerics_short_exp(x: NumericsWide, shift: f32) -> NumericsShort {
    let n = round((x.head + x.tail) * 1.442695);
    // ln 2 comes in two parts, of which n times the first has 23 bits; the cut changes nothing, but stops
    // compilers from joining the two.
    let high = bitcast<vec4<u32>>(n * 0.693145751953125) & vec4<u32>(0xfffffffeu);
    let r = (x.head - bitcast<vec4<f32>>(high)) + (x.tail - n * 1.4286068e-6);
    return NumericsShort(numerics_short_exp2(n + shift), numerics_short_fraction(r));
}

// exp(x) - 1 for x <= 0. The result is so near to -1 where n is large that one part of ln 2 is enough.
fn numerics_short_expm1(x: vec4<f32>) -> vec4<f32> {
    let middle = max(x, vec4<f32>(-30.0));
    let n = round(middle * 1.442695);
    let scale = numerics_short_exp2(n);
    // It is negative anyway; the mark stops compilers from making scale * (1 + fraction) - 1 of the sum.
    let less = bitcast<vec4<f32>>(bitcast<vec4<u32>>(scale - 1.0) | vec4<u32>(0x80000000u));
    return scale * numerics_short_fraction(middle - n * 0.6931472) + less;
}

// x < 0, or -0, and no NaN.
fn numerics_is_negative(x: vec4<f32>) -> vec4<bool> {
    return bitcast<vec4<i32>>(x) <= vec4<i32>(-8388608);
}

// y times exp(x), rounded about once; the head of y must have 12 bits. Each step brings y nearer to the
// result, so that none overflows or vanishes before it does; and exp(x) itself, which may be out of range,
// is never rounded.
fn numerics_exp_times(e: NumericsExp, y: NumericsWide) -> vec4<f32> {
    let third = e.exponent / vec4<i32>(3);
    let factor = numerics_exp2(third);
    let rest = numerics_exp2(e.exponent - 2 * third);
    // Infinity less infinity would be NaN. These are the largest head, and the largest tail of one.
    let most = vec4<f32>(3.4019929e38);
    let head = clamp(y.head * rest, -most, most);
    let tail = clamp(y.tail * rest, vec4<f32>(-8.3056466e34), vec4<f32>(8.3056466e34));
    let one = 1.0 + e.coarse;
    return (head * one + (tail * one + (head + tail) * e.fine)) * factor * factor;
}

fn numerics_exp_value(e: NumericsExp) -> vec4<f32> {
    return numerics_exp_times(e, numerics_one());
}

// exp(x) for x <= 0, with its exponent not below -40: as a term of a sum with 1 it is the same.
fn numerics_exp_term(e: NumericsExp) -> NumericsWide {
    let scale = numerics_exp2(max(e.exponent, vec4<i32>(-40)));
    // The head has 12 bits anyway; cutting it stops compilers from joining it and the tail.
    return NumericsWide(numerics_head(scale * (1.0 + e.coarse)), scale * e.fine);
}

// 1 / (1 + exp(x)) for x <= 0.
fn numerics_reciprocal_1p(e: NumericsExp) -> NumericsWide {
    return numerics_wide_div(numerics_one(), numerics_wide_add(numerics_one(), numerics_exp_term(e)));
}

// factor times (exp(x) - 1); the head of factor must have 12 bits.
fn numerics_expm1(e: NumericsExp, factor: NumericsWide) -> vec4<f32> {
    // Past 2^30 the 1 does not count.
    let low = numerics_exp2(clamp(e.exponent, vec4<i32>(-30), vec4<i32>(30)));
    let fraction = e.coarse + e.fine;
    // For an exponent of 0 it is the fraction itself; as a select, no compiler can turn that into
    // (1 + fraction) - 1.
    let near = select(low * fraction + (low - 1.0), fraction, e.exponent == vec4<i32>(0));
    let plain = (factor.head + factor.tail) * near;
    // With more bits, where these neither overflow nor are subnormal.
    let head = numerics_head(near);
    // Cut as above.
    let tail = (((low - 1.0) - head) + numerics_head(low * e.coarse)) + low * e.fine;
    let wide = numerics_wide_mul(factor, NumericsWide(head, tail));
    let smallest = min(abs(near), abs(plain));
    let middle = (smallest > vec4<f32>(1.0e-30)) & (abs(plain) < vec4<f32>(1.0e37));
    let value = select(plain, wide.head + wide.tail, middle);
    return select(value, numerics_exp_times(e, factor), e.exponent > vec4<i32>(30));
}

// ln(1 + exp(v)) / scale, where x = v / scale for a scale above 0: 2 artanh(s) with s = u / (2 + u) and
// u = exp(-|v|), and x is added where it is positive. The series has an error of 3e-8 of what it adds to 2s.
fn numerics_softplus(v: NumericsWide, x: vec4<f32>, scale: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_wide_minus_abs(v));
    let u = numerics_exp_term(e);
    let s = numerics_wide_div(u, numerics_wide_add(numerics_plain(vec4<f32>(2.0)), u));
    let sum = s.head + s.tail;
    let z = sum * sum;
    let series = 0.33333334 + z * (0.19999766 + z * (0.1429922 + z * (0.10814072 + z * 0.11779794)));
    let head = 2.0 * s.head;
    let tail = 2.0 * (s.tail + sum * z * series);
    // What the term's exponent lacks, in two steps, each of which f32 has.
    let missing = min(e.exponent + 40, vec4<i32>(0));
    let half = missing / vec4<i32>(2);
    let left = ((head + tail) / scale) * numerics_exp2(half) * numerics_exp2(missing - half);
    let right = numerics_sum(max(x, vec4<f32>(0.0)), head / scale);
    return select(left, right.head + (right.tail + tail / scale), x > vec4<f32>(0.0));
}

// 2^-27 <= |x| <= infinity: no NaN, and not so small that a curve through 0 is its tangent.
fn numerics_is_curved(x: vec4<f32>) -> vec4<bool> {
    let size = bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu);
    return (size - vec4<u32>(0x32000000u)) <= vec4<u32>(0x4d800000u);
}

// x / (1 + exp(-v)) for a v that has the sign of x, and x / 2 as its tangent; v <= -110 where x is. NaN for NaN.
fn numerics_gate(x: vec4<f32>, v: NumericsWide) -> vec4<f32> {
    // At -110 the result is 0 in f32, and at 63 it is x; all between is scaled by 2^-34 into the range of f32.
    let head = clamp(v.head, vec4<f32>(-110.0), vec4<f32>(63.0));
    let tail = select(vec4<f32>(0.0), v.tail, head == v.head);
    let e = numerics_short_exp(NumericsWide(-head, -tail), -34.0);
    let scaled = max(x, vec4<f32>(-110.0)) * 5.820766e-11;
    let value = scaled / (e.scale + (5.820766e-11 + e.scale * e.fraction));
    return select(0.5 * x, value, numerics_is_curved(x));
}

// The logistic function 1 / (1 + exp(-x)).
fn numerics_logistic(x: NumericsWide) -> vec4<f32> {
    // e = exp(-|x|); for x < 0 the result is e / (1 + e), where e may be smaller than f32 holds.
    let e = numerics_exp(numerics_wide_minus_abs(x));
    let q = numerics_reciprocal_1p(e);
    return select(q.head + q.tail, numerics_exp_times(e, q), x.head < vec4<f32>(0.0));
}

// e q (1 - slope q) with e = exp(v) and q = 1 / (1 + e), for v <= 0 and slope >= 0: the derivative of
// x / (1 + exp(-v(x))) where v is negative, with slope = -x v'(x). Where v is positive, it is 1 less
// this at -v.
fn numerics_logistic_grad(v: NumericsWide, slope: NumericsWide) -> vec4<f32> {
    let e = numerics_exp(v);
    let q = numerics_reciprocal_1p(e);
    let bracket = numerics_one_minus(numerics_wide_mul(slope, q));
    return numerics_exp_times(e, numerics_wide_mul(q, bracket));
}

// e / (1 + e)^2 with e = exp(x) for x <= 0, times factor, a power of 2.
fn numerics_logistic_slope(x: vec4<f32>, factor: f32) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(x));
    let q = numerics_reciprocal_1p(e);
    return numerics_exp_times(e, numerics_wide_scale(numerics_wide_mul(q, q), factor));
}

// tanh(a) = (1 - e) / (1 + e) with e = exp(-2a), for a >= 0.2.
fn numerics_tanh(a: vec4<f32>) -> NumericsWide {
    let e = numerics_exp_term(numerics_exp(numerics_plain(-2.0 * a)));
    return numerics_wide_div(numerics_one_minus(e), numerics_wide_add(numerics_one(), e));
}

// (x - tanh(x)) / x^3 - 1 / 3 for |x| <= 0.5, of s = x^2; error 1e-9.
fn numerics_tanhshrink_series(s: vec4<f32>) -> vec4<f32> {
    let p = -0.021997381 + s * (0.009250899 - s * 0.0035900923);
    return s * (-0.13333409 + s * (0.053983964 + s * p));
}

// x - tanh(x) for |x| <= 0.2, where it is small beside x.
fn numerics_tanhshrink_small(x: vec4<f32>) -> vec4<f32> {
    let s = x * x;
    return x * (s * (0.33333334 + numerics_tanhshrink_series(s)));
}
