// What the smooth activations share: exp, expm1, log1p and arithmetic with more bits than f32.
//
// WGSL has no expm1, log1p or erfc, and its exp and tanh may be tens of ulp off. Compilers may also
// contract and reassociate, so extra bits are never taken from rounding errors, but from values cut to
// 12 bits: these multiply exactly, and no compiler sees through the cut.
//
// Nothing here takes care of NaN: the callers do, on the bits.

// A number of more than 24 bits: the sum. Where it is multiplied, the head has 12 bits.
struct NumericsWide {
    head: vec4<f32>,
    tail: vec4<f32>,
}

// 2^exponent * (1 + fraction).
struct NumericsExp {
    fraction: vec4<f32>,
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

fn numerics_wide_neg(a: NumericsWide) -> NumericsWide {
    return NumericsWide(-a.head, -a.tail);
}

// 2^n for -126 <= n <= 127.
fn numerics_exp2(n: vec4<i32>) -> vec4<f32> {
    return bitcast<vec4<f32>>((n + vec4<i32>(127)) << vec4<u32>(23u));
}

// exp(r) - 1 for |r| <= 0.36: r + r^2 / 2 + r^3 q(r); relative error 4e-10 before rounding.
fn numerics_expm1_small(r: vec4<f32>) -> vec4<f32> {
    let q = 0.16666666 + r * (0.041666493 + r * (0.008333544 + r * (0.0013932327 + r * 0.00019763332)));
    return r + (r * r) * (0.5 + r * q);
}

// exp(x). Beyond |x| = 200, where f32 has long ended, it is exp(200) and exp(-200).
fn numerics_exp(x: NumericsWide) -> NumericsExp {
    let head = clamp(x.head, vec4<f32>(-200.0), vec4<f32>(200.0));
    let tail = select(vec4<f32>(0.0), x.tail, head == x.head);
    let n = round((head + tail) * 1.442695);
    // ln 2 comes in two parts, of which n times the first is exact; the clamp changes nothing, but stops
    // compilers from joining the two.
    let r = clamp(head - n * 0.693145751953125, vec4<f32>(-1.0), vec4<f32>(1.0))
        + (tail - n * 1.4286068e-6);
    return NumericsExp(numerics_expm1_small(r), vec4<i32>(n));
}

// y times exp(x). Each step brings y nearer to the result, so that none overflows or vanishes before it
// does; and exp(x) itself, which may be out of range, is never rounded.
fn numerics_exp_times(e: NumericsExp, y: vec4<f32>) -> vec4<f32> {
    let third = e.exponent / vec4<i32>(3);
    let factor = numerics_exp2(third);
    // Infinity less infinity would be NaN.
    let most = vec4<f32>(3.4028234e38);
    let start = clamp(y * numerics_exp2(e.exponent - 2 * third), -most, most);
    return (start + start * e.fraction) * factor * factor;
}

fn numerics_exp_value(e: NumericsExp) -> vec4<f32> {
    return numerics_exp_times(e, vec4<f32>(1.0));
}

// 1 / (1 + e) for 0 <= e <= 1. For small e the rounding of the sum would be the largest error.
fn numerics_reciprocal_1p(e: vec4<f32>) -> vec4<f32> {
    let sum = 1.0 + e;
    return select(1.0 / sum, 1.0 - e / sum, e < vec4<f32>(0.25));
}

// 1 / (1 + e)^2 for 0 <= e <= 1, likewise.
fn numerics_reciprocal_1p_squared(e: vec4<f32>) -> vec4<f32> {
    let sum = 1.0 + e;
    let small = 1.0 - e / sum;
    return select(1.0 / (sum * sum), small * small, e < vec4<f32>(0.25));
}

// exp(x) - 1 out of exp(x), times factor. For an exponent of 0 it is the fraction itself; as a select, no
// compiler can turn that into (1 + fraction) - 1.
fn numerics_expm1(e: NumericsExp, factor: vec4<f32>) -> vec4<f32> {
    // Past 2^30 the 1 does not count.
    let low = numerics_exp2(clamp(e.exponent, vec4<i32>(-30), vec4<i32>(30)));
    let near = low * e.fraction + (low - 1.0);
    let value = factor * select(near, e.fraction, e.exponent == vec4<i32>(0));
    let far = numerics_exp_times(e, factor);
    return select(value, far, e.exponent > vec4<i32>(30));
}

// ln(1 + u) / u for 0 <= u <= 1; relative error 3e-8 before rounding.
fn numerics_log1p_over(u: vec4<f32>) -> vec4<f32> {
    let t = u - 0.5;
    var p = 0.0118983854 * t - 0.0027067387;
    p = p * t - 0.0024383017;
    p = p * t - 0.0069946307;
    p = p * t + 0.0133186756;
    p = p * t - 0.0205362439;
    p = p * t + 0.0364741534;
    p = p * t - 0.0676891655;
    p = p * t + 0.13261424;
    p = p * t - 0.2885271;
    return p * t + 0.8109302;
}

// The logistic function 1 / (1 + exp(-x)), times factor.
fn numerics_logistic(x: NumericsWide, factor: vec4<f32>) -> vec4<f32> {
    // e = exp(-|x|); for x < 0 the result is factor * e / (1 + e), where e may be smaller than f32 holds.
    let negative = x.head < vec4<f32>(0.0);
    let minus_abs = NumericsWide(
        select(-x.head, x.head, negative),
        select(-x.tail, x.tail, negative),
    );
    let e = numerics_exp(minus_abs);
    let scaled = factor * numerics_reciprocal_1p(numerics_exp_value(e));
    return select(scaled, numerics_exp_times(e, scaled), negative);
}
