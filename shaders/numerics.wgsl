// What the activations share: the barrier against compilers, exact steps, exp, quotients and scaling.
//
// Every result has the same bits on every device and by every compiler. WGSL lets a compiler contract a product and a
// sum, regroup and factor sums and products, divide within 2.5 ulp and flush subnormal numbers; with fast math it also
// assumes that there is no NaN, no infinity and no -0. So:
//
// - numerics_rounded is the barrier. It takes the bits of a sum or product through an integer minimum that changes only
//   payloads of NaNs. No compiler knows that of the bits, so the value is rounded to f32 as it is, and what comes after sees
//   an opaque number. numerics_head, which cuts 12 bits off, is as opaque.
// - No result of a float operation enters another one without one of the two. The exceptions are a sum that is
//   multiplied by a variable, since to expand it gains nothing, and a product that is exact: one with a power of 2, and
//   one of two numbers that have no more than 24 bits together.
// - The operands of float operations are finite, and so are their results: NaN, infinities, overflow and the signs of
//   zeros are decided on bits.
// - No operand and no result of a float operation is subnormal, unless it counts for nothing. A minus sign and abs are such
//   operations, too: SwiftShader flushes there. numerics_parts and numerics_units take subnormal inputs apart, numerics_scale
//   and numerics_from_units put subnormal results together, all by integers.
// - There is no division, square root or built-in exponential: numerics_wide_div and numerics_exp are made of sums and
//   products, which every device rounds to the nearest.

// The barrier: v, rounded before anything else happens to it.
fn numerics_rounded(v: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(min(bitcast<vec4<i32>>(v), vec4<i32>(0x7fc00000)));
}

fn numerics_add(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return numerics_rounded(a + b);
}

fn numerics_sub(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return numerics_rounded(a - b);
}

fn numerics_mul(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return numerics_rounded(a * b);
}

// a * x + c, a step of a polynomial of x. The sum is not rounded: the next step multiplies it, and all else rounds it first.
fn numerics_mul_add(a: vec4<f32>, x: vec4<f32>, c: f32) -> vec4<f32> {
    return numerics_mul_plus(a, x, vec4<f32>(c));
}

fn numerics_mul_plus(a: vec4<f32>, x: vec4<f32>, c: vec4<f32>) -> vec4<f32> {
    return numerics_rounded(a * x) + c;
}

fn numerics_is_nan(x: vec4<f32>) -> vec4<bool> {
    return numerics_size(x) > vec4<u32>(0x7f800000u);
}

// x > 0, and no NaN.
fn numerics_is_positive(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) - vec4<u32>(1u)) < vec4<u32>(0x7f800000u);
}

// x < 0, and no NaN; -0 is not.
fn numerics_is_negative(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) - vec4<u32>(0x80000001u)) < vec4<u32>(0x7f800000u);
}

// no where which is false, yes where it is true, as bits, so that no compiler assumes that neither is NaN.
fn numerics_select(no: vec4<f32>, yes: vec4<f32>, which: vec4<bool>) -> vec4<f32> {
    return bitcast<vec4<f32>>(select(bitcast<vec4<u32>>(no), bitcast<vec4<u32>>(yes), which));
}

// value, but x where x is NaN.
fn numerics_or_nan(value: vec4<f32>, x: vec4<f32>) -> vec4<f32> {
    return numerics_select(value, x, numerics_is_nan(x));
}

// |x|, and limit where |x| is larger or NaN.
fn numerics_abs(x: vec4<f32>, limit: f32) -> vec4<f32> {
    return bitcast<vec4<f32>>(min(numerics_size(x), vec4<u32>(bitcast<u32>(limit))));
}

// size, which is not negative, with the sign of x.
fn numerics_with_sign(size: vec4<f32>, x: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(size) | (bitcast<vec4<u32>>(x) & vec4<u32>(0x80000000u)));
}

// The upper 12 bits. As opaque as numerics_rounded.
fn numerics_head(x: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) & vec4<u32>(0xfffff000u));
}

// 2^n for -126 <= n <= 127.
fn numerics_exp2(n: vec4<i32>) -> vec4<f32> {
    return bitcast<vec4<f32>>((n << vec4<u32>(23u)) + vec4<i32>(0x3f800000));
}

// x by an integer of the same order, which no device flushes; -0 is 0. NaN lies beyond the infinities.
fn numerics_order(x: vec4<f32>) -> vec4<i32> {
    let bits = bitcast<vec4<i32>>(x);
    return select(bits, vec4<i32>(-2147483647 - 1) - bits, bits < vec4<i32>(0));
}

// Whether |x| <= |limit|; false for a NaN x.
fn numerics_is_within(x: vec4<f32>, limit: vec4<f32>) -> vec4<bool> {
    return numerics_size(x) <= numerics_size(limit);
}

// The bits of |x|.
fn numerics_size(x: vec4<f32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu);
}

// A finite number by significand, from 1 to 2 and with its sign, and exponent. 0 is 2^-276, which is rounded to 0 in the end.
struct NumericsParts {
    significand: vec4<f32>,
    exponent: vec4<i32>,
}

fn numerics_parts(x: vec4<f32>) -> NumericsParts {
    let size = numerics_size(x);
    // A subnormal number is a whole number of 2^-149.
    let subnormal = size < vec4<u32>(0x00800000u);
    let bits = select(size, bitcast<vec4<u32>>(vec4<f32>(size)), subnormal);
    let exponent = bitcast<vec4<i32>>(bits >> vec4<u32>(23u)) - select(vec4<i32>(127), vec4<i32>(276), subnormal);
    let significand = (bits & vec4<u32>(0x007fffffu)) | vec4<u32>(0x3f800000u);
    return NumericsParts(numerics_with_sign(bitcast<vec4<f32>>(significand), x), exponent);
}

// size * 2^exponent, subnormal where it is that small, for size from 2^-120 to 2^100 and results below 2^128. The size 0 is
// right if exponent is below -148.
fn numerics_shrink(size: vec4<f32>, exponent: vec4<i32>) -> vec4<f32> {
    let scaled = bitcast<vec4<i32>>(size) + (max(exponent, vec4<i32>(-250)) << vec4<u32>(23u));
    // Small results come in units of 2^-149, rounded to whole ones by adding 2^23.
    let units = bitcast<vec4<f32>>(max(scaled + vec4<i32>(149 << 23u), vec4<i32>(0)));
    let whole = bitcast<vec4<i32>>(units + 8388608.0) - vec4<i32>(0x4b000000);
    return bitcast<vec4<f32>>(select(scaled, whole, scaled < vec4<i32>(0x00800000)));
}

// The same of a value of either sign.
fn numerics_shrink_signed(value: vec4<f32>, exponent: vec4<i32>) -> vec4<f32> {
    return numerics_with_sign(numerics_shrink(abs(value), exponent), value);
}

// value * 2^exponent in all of f32, infinite where it is too large, for |value| as above.
fn numerics_scale(value: vec4<f32>, exponent: vec4<i32>) -> vec4<f32> {
    let size = numerics_size(value);
    let small = numerics_shrink(bitcast<vec4<f32>>(size), min(exponent, vec4<i32>(0)));
    let up = bitcast<vec4<u32>>(clamp(exponent, vec4<i32>(0), vec4<i32>(250)));
    let large = bitcast<vec4<f32>>(min(size + (up << vec4<u32>(23u)), vec4<u32>(0x7f800000u)));
    return numerics_with_sign(numerics_select(small, large, exponent > vec4<i32>(0)), value);
}

// a * b of any numbers, rounded to the nearest as IEEE 754 has it, subnormal numbers included. 0 times infinity is 0, and NaN
// counts as infinity.
fn numerics_product(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    let x = numerics_parts(a);
    let y = numerics_parts(b);
    let least = min(numerics_size(a), numerics_size(b));
    let most = max(numerics_size(a), numerics_size(b));
    let product = x.significand * y.significand;
    let bits = numerics_size(product);
    let sum = select(x.exponent + y.exponent, vec4<i32>(256), most >= vec4<u32>(0x7f800000u));
    let exponent = max(sum, vec4<i32>(-250));
    let scaled = bitcast<vec4<i32>>(bits) + (exponent << vec4<u32>(23u));
    // Below 2^-126 the product is rounded a second time. Where this could meet a tie, it is first moved towards the exact
    // product: modulo 2^32, the difference of the whole numbers is exact.
    let whole = (bitcast<vec4<u32>>(x.significand) & vec4<u32>(0x00ffffffu))
        * (bitcast<vec4<u32>>(y.significand) & vec4<u32>(0x00ffffffu));
    let lost = clamp(bitcast<vec4<i32>>(whole - (bits << ((bits >> vec4<u32>(23u)) - vec4<u32>(104u)))), vec4<i32>(-1), vec4<i32>(1));
    let may_be_tie = ((bitcast<vec4<i32>>(bits) ^ (scaled >> vec4<u32>(31u))) & vec4<i32>(1)) == vec4<i32>(1);
    let moved = scaled + select(vec4<i32>(0), lost, may_be_tie);
    let units = bitcast<vec4<f32>>(max(moved + vec4<i32>(149 << 23u), vec4<i32>(0)));
    let subnormal = bitcast<vec4<i32>>(units + 8388608.0) - vec4<i32>(0x4b000000);
    let small = select(scaled, subnormal, scaled < vec4<i32>(0x00800000));
    let large = bitcast<vec4<i32>>(min(bitcast<vec4<u32>>(scaled), vec4<u32>(0x7f800000u)));
    let size = select(select(small, large, exponent > vec4<i32>(0)), vec4<i32>(0), least == vec4<u32>(0u));
    return numerics_with_sign(bitcast<vec4<f32>>(size), product);
}

// a * b of any numbers as IEEE 754 has it: NaN for NaN, and for 0 times infinity.
fn numerics_times(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    let least = min(numerics_size(a), numerics_size(b));
    let most = max(numerics_size(a), numerics_size(b));
    let infinity = vec4<u32>(0x7f800000u);
    let nan = (most > infinity) | ((most == infinity) & (least == vec4<u32>(0u)));
    let product = bitcast<vec4<u32>>(numerics_product(a, b));
    return bitcast<vec4<f32>>(select(product, vec4<u32>(0x7fc00000u), nan));
}

// |x| in units of 2^-149, for |x| < 2^-20.
fn numerics_units(x: vec4<f32>) -> vec4<f32> {
    let size = numerics_size(x);
    let normal = bitcast<vec4<f32>>(size + vec4<u32>(149u << 23u));
    return select(normal, vec4<f32>(size), size < vec4<u32>(0x00800000u));
}

// units * 2^-149, rounded, for units >= 0.
fn numerics_from_units(units: vec4<f32>) -> vec4<f32> {
    let whole = bitcast<vec4<u32>>(units + 8388608.0) - vec4<u32>(0x4b000000u);
    let normal = bitcast<vec4<u32>>(units) - vec4<u32>(149u << 23u);
    return bitcast<vec4<f32>>(select(normal, whole, units < vec4<f32>(8388608.0)));
}

// a + b of any numbers, rounded to the nearest as IEEE 754 has it, subnormal numbers included.
fn numerics_plus(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    let size_a = numerics_size(a);
    let size_b = numerics_size(b);
    // Below 2^-60 in units of 2^-149. Beside a larger number, a subnormal one counts for nothing.
    let tiny = max(size_a, size_b) < vec4<u32>(0x21800000u);
    let x = numerics_select(a, numerics_with_sign(numerics_units(a), a), tiny);
    let y = numerics_select(b, numerics_with_sign(numerics_units(b), b), tiny);
    let sum = numerics_add(x, y);
    let small = numerics_with_sign(numerics_from_units(abs(sum)), sum);
    let infinity = vec4<u32>(0x7f800000u);
    let opposite = (bitcast<vec4<u32>>(a) ^ bitcast<vec4<u32>>(b)) == vec4<u32>(0x80000000u);
    let nan = (max(size_a, size_b) > infinity) | ((size_a == infinity) & opposite);
    var result = bitcast<vec4<u32>>(numerics_select(sum, small, tiny));
    result = select(result, bitcast<vec4<u32>>(a), size_a == infinity);
    result = select(result, bitcast<vec4<u32>>(b), size_b == infinity);
    return bitcast<vec4<f32>>(select(result, vec4<u32>(0x7fc00000u), nan));
}

// A number of more than 24 bits: the sum. The tail is small beside the head. Where it says so, the head has 12 bits.
//
// Sums whose names have "fast" need the larger number first: in the other order they lose bits in silence.
struct NumericsWide {
    head: vec4<f32>,
    tail: vec4<f32>,
}

fn numerics_plain(x: vec4<f32>) -> NumericsWide {
    return NumericsWide(x, vec4<f32>(0.0));
}

// For |a| >= |b|: a + b as a head of 12 bits and its tail.
fn numerics_fast_split_sum(a: vec4<f32>, b: vec4<f32>) -> NumericsWide {
    let head = numerics_head(a + b);
    return NumericsWide(head, numerics_add(numerics_sub(a, head), b));
}

// x as a head of 12 bits and its tail.
fn numerics_split(x: vec4<f32>) -> NumericsWide {
    let head = numerics_head(x);
    return NumericsWide(head, numerics_sub(x, head));
}

// For |a| >= |b|: a + b as a head and what rounding it lost (Dekker's Fast2Sum).
fn numerics_fast_two_sum(a: vec4<f32>, b: vec4<f32>) -> NumericsWide {
    let head = numerics_add(a, b);
    return NumericsWide(head, numerics_sub(b, numerics_sub(head, a)));
}

// a + b in any order, as a head of 12 bits and its tail.
fn numerics_split_sum(a: vec4<f32>, b: vec4<f32>) -> NumericsWide {
    let first = abs(a) > abs(b);
    return numerics_fast_split_sum(select(b, a, first), select(a, b, first));
}

// a + b of two numbers that are not negative, as a head and what rounding it lost.
fn numerics_two_sum_positive(a: vec4<f32>, b: vec4<f32>) -> NumericsWide {
    return numerics_fast_two_sum(max(a, b), min(a, b));
}

// a * b; both heads have 12 bits, and so their product is exact.
fn numerics_wide_mul(a: NumericsWide, b: NumericsWide) -> NumericsWide {
    let cross = numerics_mul(a.head, b.tail);
    let rest = numerics_mul(a.tail, numerics_add(b.head, b.tail));
    return NumericsWide(numerics_mul(a.head, b.head), numerics_add(cross, rest));
}

// For |whole| >= |part|: their sum; the head has 12 bits.
fn numerics_fast_plus_wide(whole: vec4<f32>, part: NumericsWide) -> NumericsWide {
    let sum = numerics_fast_split_sum(whole, part.head);
    return NumericsWide(sum.head, numerics_add(sum.tail, part.tail));
}

// For |a| >= |b|: a + b; the head has 12 bits.
fn numerics_fast_wide_add(a: NumericsWide, b: NumericsWide) -> NumericsWide {
    let sum = numerics_fast_split_sum(a.head, b.head);
    return NumericsWide(sum.head, numerics_add(sum.tail, numerics_add(a.tail, b.tail)));
}

// a * factor, a power of 2.
fn numerics_wide_scale(a: NumericsWide, factor: vec4<f32>) -> NumericsWide {
    return NumericsWide(numerics_mul(a.head, factor), numerics_mul(a.tail, factor));
}

fn numerics_wide_select(no: NumericsWide, yes: NumericsWide, which: vec4<bool>) -> NumericsWide {
    return NumericsWide(select(no.head, yes.head, which), select(no.tail, yes.tail, which));
}

// The sum, rounded.
fn numerics_value(a: NumericsWide) -> vec4<f32> {
    return numerics_add(a.head, a.tail);
}

// 1 / d to 13 bits, for d from 2^-120 to 2^120: the exponent is negated by integers, which gives 4 bits, and Halley's step
// makes 13 of them.
fn numerics_inverse(d: vec4<f32>) -> vec4<f32> {
    let guess = bitcast<vec4<f32>>(vec4<u32>(0x7ef311c3u) - bitcast<vec4<u32>>(d));
    let near = numerics_mul(d, guess);
    return numerics_rounded(guess * (3.0 - numerics_rounded(near * (3.0 - near))));
}

// (a + b) / 6, rounded to the nearest, for |b| <= |a| <= 6: the product with 1 / 6 put right by what it leaves.
fn numerics_sixth(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    let sixth = vec4<f32>(0.16666667);
    let sum = numerics_add(a, b);
    // Rounded to 12 bits, which leaves an exact tail, also of a b that is small beside a.
    let head = bitcast<vec4<f32>>((bitcast<vec4<u32>>(sum) + vec4<u32>(0x800u)) & vec4<u32>(0xfffff000u));
    let tail = numerics_add(numerics_sub(a, head), b);
    let quotient = numerics_mul(sum, sixth);
    let split = numerics_split(quotient);
    let left = numerics_sub(head, numerics_mul(split.head, vec4<f32>(6.0)));
    let rest = numerics_add(numerics_sub(left, numerics_mul(split.tail, vec4<f32>(6.0))), tail);
    return numerics_add(quotient, numerics_mul(rest, sixth));
}

// a / d, where the head of d has 12 bits and d is from 2^-120 to 2^120. The head of the quotient has 12 bits as well, so that
// what it leaves of a is exact; the tail is that over d.
fn numerics_wide_div(a: NumericsWide, d: NumericsWide) -> NumericsWide {
    let whole = numerics_value(d);
    let inverse = numerics_inverse(whole);
    let head = numerics_head(a.head * inverse);
    let left = numerics_rounded(a.head - head * d.head);
    // Newton's step makes 24 bits of 13.
    let better = numerics_rounded(inverse * (2.0 - numerics_rounded(whole * inverse)));
    return NumericsWide(head, numerics_mul(numerics_sub(left, numerics_sub(numerics_mul(head, d.tail), a.tail)), better));
}

// a / d as by numerics_wide_div, rounded. The tail is so small that 16 bits of 1 / d are enough for an error of 2^-27.
fn numerics_quotient(a: NumericsWide, d: NumericsWide) -> vec4<f32> {
    let whole = numerics_value(d);
    let guess = bitcast<vec4<f32>>(vec4<u32>(0x7ef311c3u) - bitcast<vec4<u32>>(whole));
    let near = numerics_rounded(guess * (2.0 - numerics_rounded(whole * guess)));
    let inverse = numerics_rounded(near * (2.0 - numerics_rounded(whole * near)));
    let head = numerics_head(a.head * inverse);
    let left = numerics_rounded(a.head - head * d.head);
    let rest = numerics_sub(left, numerics_sub(numerics_mul(head, d.tail), a.tail));
    return numerics_add(head, numerics_mul(rest, inverse));
}

// x * 2^exponent, but at least 2^-60 and at most the limit in size; infinities and NaN are the limit.
fn numerics_argument(x: vec4<f32>, exponent: vec4<i32>, limit: vec4<f32>) -> vec4<f32> {
    let size = bitcast<vec4<i32>>(numerics_size(x));
    // Subnormal numbers have exponents below 0 here.
    let normal = bitcast<vec4<i32>>(vec4<f32>(size)) - vec4<i32>(149 << 23u);
    let bits = select(size, normal, size < vec4<i32>(0x00800000));
    let shift = exponent << vec4<u32>(23u);
    let least = vec4<i32>(67 << 23u) - shift;
    let large = bitcast<vec4<i32>>(limit) - shift;
    let most = select(large, vec4<i32>(0x7f800000), exponent < vec4<i32>(-120));
    let finite = bitcast<vec4<f32>>(clamp(bits, least, most) + shift);
    return numerics_with_sign(numerics_select(finite, limit, size >= vec4<i32>(0x7f800000)), x);
}

// exp(x) = 2^exponent * (1 + coarse + square + rest). coarse has 12 bits and is at most 0.35, square is half its square, and
// rest is small beside coarse.
struct NumericsExp {
    coarse: vec4<f32>,
    square: vec4<f32>,
    rest: vec4<f32>,
    exponent: vec4<i32>,
}

// exp(x) for |x| <= 300, with a relative error of about 2^-31.
fn numerics_exp(x: NumericsWide) -> NumericsExp {
    // 1.5 * 2^23 makes a whole number of what is added to it, in its low bits.
    let shifted = numerics_add(numerics_mul(x.head, vec4<f32>(1.442695)), vec4<f32>(12582912.0));
    let exponent = bitcast<vec4<i32>>(shifted) - vec4<i32>(0x4b400000);
    let n = vec4<f32>(exponent);
    // ln 2 comes in two parts, of which n times the first is exact.
    let high = numerics_rounded(x.head - n * 0.693145751953125);
    let low = numerics_sub(numerics_mul(n, vec4<f32>(1.4286068e-6)), x.tail);
    // The rest of the argument r, at most 0.35, is c + d; c has 12 bits, and so c^2 is exact.
    let r = numerics_sub(high, low);
    let c = numerics_head(r);
    let d = numerics_sub(numerics_sub(high, c), low);
    // exp(r) - 1 = r + r^2 / 2 + r^3 p(r); the error of p adds 4e-11.
    let square = numerics_mul(r, r);
    let p01 = numerics_rounded(numerics_mul_add(r, vec4<f32>(0.041666668), 0.16666667));
    let p23 = numerics_rounded(numerics_mul_add(r, vec4<f32>(0.001388854), 0.00833315));
    let p45 = numerics_mul_add(r, vec4<f32>(2.5045314e-5), 0.00019998028);
    let p = numerics_mul_plus(numerics_mul_plus(p45, square, p23), square, p01);
    let cube = numerics_rounded(numerics_mul(square, r) * p);
    let cross = numerics_mul(d, numerics_add(c, 0.5 * d));
    let rest = numerics_add(d, numerics_add(cross, cube));
    return NumericsExp(c, numerics_mul(c, 0.5 * c), rest, exponent);
}

// exp(x) / 2^exponent; the head has 12 bits.
fn numerics_exp_factor(e: NumericsExp) -> NumericsWide {
    let head = numerics_head(1.0 + numerics_add(e.coarse, numerics_add(e.square, e.rest)));
    let left = numerics_add(numerics_sub(vec4<f32>(1.0), head), e.coarse);
    return NumericsWide(head, numerics_add(numerics_add(left, e.square), e.rest));
}

// exp(x) - 1 for -40 <= exponent <= 40. Around 0 it is the fraction with all its bits.
fn numerics_expm1(e: NumericsExp) -> NumericsWide {
    let scale = numerics_exp2(e.exponent);
    let fraction = numerics_fast_two_sum(e.coarse, e.square);
    let rest = numerics_add(fraction.tail, e.rest);
    let less = numerics_fast_two_sum(vec4<f32>(-1.0), scale);
    let sum = numerics_fast_two_sum(less.head, numerics_mul(fraction.head, scale));
    return NumericsWide(sum.head, numerics_add(numerics_add(sum.tail, less.tail), numerics_mul(rest, scale)));
}

// 1 + e^x for x <= 0; the head has 12 bits.
fn numerics_one_plus(factor: NumericsWide, exponent: vec4<i32>) -> NumericsWide {
    // Below 2^-60 the term counts for nothing.
    let term = numerics_wide_scale(factor, numerics_exp2(max(exponent, vec4<i32>(-60))));
    return numerics_fast_plus_wide(vec4<f32>(1.0), term);
}

// The logistic function 1 / (1 + e^-x) for |x| <= 300: for x < 0 it is e^x / (1 + e^x).
fn numerics_logistic(x: NumericsWide) -> vec4<f32> {
    let negative = x.head < vec4<f32>(0.0);
    let e = numerics_exp(numerics_wide_select(numerics_wide_negate(x), x, negative));
    let factor = numerics_exp_factor(e);
    let top = numerics_wide_select(numerics_plain(vec4<f32>(1.0)), factor, negative);
    let quotient = numerics_wide_div(top, numerics_one_plus(factor, e.exponent));
    return numerics_shrink(numerics_value(quotient), select(vec4<i32>(0), e.exponent, negative));
}

fn numerics_wide_negate(a: NumericsWide) -> NumericsWide {
    return NumericsWide(-a.head, -a.tail);
}

// a with a head of 12 bits.
fn numerics_wide_split(a: NumericsWide) -> NumericsWide {
    return numerics_fast_split_sum(a.head, a.tail);
}

// e^x / (1 + e^x)^2 * 2^shift for -300 <= x <= 0: the slope of the logistic function, and that of tanh.
fn numerics_logistic_slope(x: vec4<f32>, shift: i32) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(x));
    let factor = numerics_exp_factor(e);
    let below = numerics_one_plus(factor, e.exponent);
    let quotient = numerics_wide_div(factor, numerics_wide_split(numerics_wide_mul(below, below)));
    return numerics_shrink(numerics_value(quotient), e.exponent + vec4<i32>(shift));
}

// e q (1 - slope q) with e = e^v and q = 1 / (1 + e), for -300 <= v <= 0 and 0 <= slope <= 1000, whose head has 12 bits: the
// derivative of x / (1 + e^-v(x)) where v is negative, with slope = -x v'(x). For the opposite v, the derivative is 1 less this.
fn numerics_logistic_grad(v: NumericsWide, slope: NumericsWide, opposite: vec4<bool>) -> vec4<f32> {
    let e = numerics_exp(v);
    let factor = numerics_exp_factor(e);
    let below = numerics_one_plus(factor, e.exponent);
    // 1 + e - slope; either the heads differ so little that their difference is exact, or the first is the larger one.
    let difference = numerics_sub(below.head, slope.head);
    let lost = numerics_sub(numerics_sub(below.head, difference), slope.head);
    let bracket = NumericsWide(difference, numerics_add(lost, numerics_sub(below.tail, slope.tail)));
    let top = numerics_wide_mul(factor, numerics_wide_split(bracket));
    let quotient = numerics_wide_div(top, numerics_wide_split(numerics_wide_mul(below, below)));
    // Here e counts for something, so that it is no subnormal number.
    let near = numerics_wide_scale(quotient, numerics_exp2(max(e.exponent, vec4<i32>(-60))));
    let sum = numerics_fast_two_sum(vec4<f32>(1.0), -near.head);
    let right = numerics_add(sum.head, numerics_sub(sum.tail, near.tail));
    return numerics_select(numerics_shrink_signed(numerics_value(quotient), e.exponent), right, opposite);
}

// A number times 2^exponent.
struct NumericsScaled {
    value: NumericsWide,
    exponent: vec4<i32>,
}

// ln(1 + e^v) for |v| <= 300: max(v, 0) + 2 artanh(s) with s = u / (2 + u) and u = e^-|v|. The series has an error of 3e-8 of
// what it adds to 2s.
fn numerics_softplus(v: NumericsWide) -> NumericsScaled {
    let negative = v.head < vec4<f32>(0.0);
    let e = numerics_exp(numerics_wide_select(numerics_wide_negate(v), v, negative));
    let factor = numerics_exp_factor(e);
    // Below 2^-60 the term counts for nothing beside 2 and v.
    let scale = numerics_exp2(max(e.exponent, vec4<i32>(-60)));
    let term = numerics_wide_scale(factor, scale);
    let half = numerics_wide_div(factor, numerics_fast_plus_wide(vec4<f32>(2.0), term));
    let s = numerics_value(half);
    let scaled = numerics_mul(s, scale);
    let z = numerics_mul(scaled, scaled);
    let square = numerics_mul(z, z);
    let p01 = numerics_rounded(numerics_mul_add(z, vec4<f32>(0.19999766), 0.33333334));
    let p23 = numerics_rounded(numerics_mul_add(z, vec4<f32>(0.10814072), 0.1429922));
    let p = numerics_mul_plus(numerics_mul_plus(vec4<f32>(0.11779794), square, p23), square, p01);
    let tail = numerics_add(half.tail, numerics_rounded(numerics_mul(s, z) * p));
    let left = NumericsWide(half.head, tail);
    let twice = numerics_wide_scale(left, numerics_add(scale, scale));
    let sum = numerics_two_sum_positive(max(v.head, vec4<f32>(0.0)), twice.head);
    let right = NumericsWide(sum.head, numerics_add(sum.tail, numerics_add(twice.tail, v.tail)));
    let exponent = select(vec4<i32>(0), e.exponent + vec4<i32>(1), negative);
    return NumericsScaled(numerics_wide_select(right, left, negative), exponent);
}

// exp(x) / 2^exponent = 1 + fraction to about an ulp, for |x| <= 300.
struct NumericsShort {
    fraction: vec4<f32>,
    exponent: vec4<i32>,
}

fn numerics_short_exp(x: NumericsWide) -> NumericsShort {
    // As numerics_exp, but shorter.
    let shifted = numerics_add(numerics_mul(x.head, vec4<f32>(1.442695)), vec4<f32>(12582912.0));
    let exponent = bitcast<vec4<i32>>(shifted) - vec4<i32>(0x4b400000);
    let n = vec4<f32>(exponent);
    let high = numerics_rounded(x.head - n * 0.693145751953125);
    let r = numerics_sub(high, numerics_sub(numerics_mul(n, vec4<f32>(1.4286068e-6)), x.tail));
    let square = numerics_mul(r, r);
    let p01 = numerics_rounded(numerics_mul_add(r, vec4<f32>(0.16666666), 0.5));
    let p23 = numerics_rounded(numerics_mul_add(r, vec4<f32>(0.008333552), 0.041666448));
    let p45 = numerics_mul_add(r, vec4<f32>(0.00019761932), 0.0013937127);
    let p = numerics_mul_plus(numerics_mul_plus(p45, square, p23), square, p01);
    let fraction = numerics_add(r, numerics_rounded(square * p));
    return NumericsShort(fraction, exponent);
}

// x / (1 + e^-v) with v of the sign of x, for |v| <= 110 and size = |x| where v counts, within 2 ulp.
fn numerics_gate(x: vec4<f32>, size: vec4<f32>, v: NumericsWide) -> vec4<f32> {
    // The divisor is multiplied by 2^-54, so that it and what is left of the quotient are in the range of f32.
    let e = numerics_short_exp(numerics_wide_negate(v));
    let scale = numerics_exp2(e.exponent - vec4<i32>(54));
    let one = vec4<f32>(5.551115e-17);
    let fraction = numerics_mul(scale, e.fraction);
    let head = numerics_head(numerics_add(scale, one) + fraction);
    let left = numerics_add(numerics_sub(max(scale, one), head), min(scale, one));
    let below = NumericsWide(head, numerics_add(left, fraction));
    // Results that may be subnormal for a small x are computed in units of 2^-149.
    let tiny = size < vec4<f32>(7.888609e-31);
    let value = numerics_quotient(numerics_plain(select(size, numerics_units(x), tiny)), below);
    let result = numerics_shrink(value, select(vec4<i32>(-54), vec4<i32>(-203), tiny));
    return numerics_select(numerics_with_sign(result, x), x, (v.head > vec4<f32>(40.0)) | numerics_is_nan(x));
}

// tanh(a) = (1 - u) / (1 + u) with u = exp(-2a), for 0.2 <= a <= 100.
fn numerics_tanh(a: vec4<f32>) -> NumericsWide {
    let e = numerics_exp(numerics_plain(-2.0 * a));
    let term = numerics_wide_scale(numerics_exp_factor(e), numerics_exp2(max(e.exponent, vec4<i32>(-60))));
    let above = numerics_fast_two_sum(vec4<f32>(1.0), -term.head);
    let below = numerics_fast_plus_wide(vec4<f32>(1.0), term);
    return numerics_wide_div(NumericsWide(above.head, numerics_sub(above.tail, term.tail)), below);
}

// ((x - tanh(x)) / x^3 - 1 / 3) for |x| <= 0.5, of s = x^2; error 1e-9.
fn numerics_tanhshrink_series(s: vec4<f32>) -> vec4<f32> {
    let p01 = numerics_rounded(numerics_mul_add(s, vec4<f32>(0.053983964), -0.13333409));
    let p23 = numerics_rounded(numerics_mul_add(s, vec4<f32>(0.009250899), -0.021997381));
    let square = numerics_mul(s, s);
    let p = numerics_mul_plus(vec4<f32>(-0.0035900923), square, p23);
    return numerics_rounded(s * numerics_mul_plus(p, square, p01));
}

// x - tanh(x) for 2^-30 <= x <= 0.25, where it is small beside x: x^3 times its series. Of 1 / 3, the head takes 12 bits.
fn numerics_tanhshrink_small(x: vec4<f32>) -> NumericsWide {
    let a = numerics_split(x);
    let s = numerics_mul(x, x);
    let cube = numerics_mul(x, s);
    // What rounding x^2 and x^3 loses.
    let s_lost = numerics_add(
        numerics_sub(numerics_mul(a.head, a.head), s),
        numerics_mul(a.tail, numerics_add(x, a.head)),
    );
    let b = numerics_split(s);
    let cross = numerics_add(numerics_mul(a.head, b.tail), numerics_mul(a.tail, s));
    let cube_lost = numerics_add(numerics_sub(numerics_mul(a.head, b.head), cube), cross);
    let lost = numerics_add(cube_lost, numerics_mul(x, s_lost));
    let rest = numerics_add(vec4<f32>(8.1380208e-5), numerics_tanhshrink_series(s));
    let third = vec4<f32>(0.333251953125);
    let parts = numerics_split(cube);
    let lacking = numerics_mul(numerics_add(parts.tail, lost), third);
    return NumericsWide(numerics_mul(parts.head, third), numerics_add(lacking, numerics_mul(cube, rest)));
}
