// gelu(x) = x Phi(x), with Phi the standard normal distribution: |x| Phi(-|x|) below 0, and x less that above.
// The errors given are relative, before rounding.

// With Phi(-a) = exp(-a^2 / 2) R(a), a R(a) is a n / (sqrt(2 pi) a n + m): n and m are polynomials whose rounding
// errors count little where a is large. R(0) is 1/2; error 2e-8. Past 14.5 nothing changes: Phi(-14.5) is 6e-48.
fn gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = min(abs(x), vec4<f32>(14.5));
    // What rounding a^2 would lose is in the tail.
    let head = numerics_head(a);
    let square = NumericsWide(-0.5 * head * head, -0.5 * (a - head) * (a + head));
    // Phi may be too small for f32, and is scaled by 2^34.
    let e = numerics_short_exp(square, 34.0);
    let top = a * (104.59837 + a * (95.33526 + a * (41.05884 + a * (9.426161 + a))));
    let m = 209.19674 + a * (95.39626 + a * (23.859417 + a * (2.4944043 + a * 0.00027571266)));
    let bottom = 2.5066283 * top + m;
    let scaled = top * e.scale;
    let tail = (scaled + scaled * e.fraction) / (17179869184.0 * bottom);
    return select(0.5 * x, max(x, vec4<f32>(0.0)) - tail, numerics_is_curved(x));
}

// |x| between where the tail begins and 14.5.
fn gelu_clamp(x: vec4<f32>) -> vec4<f32> {
    return clamp(abs(x), vec4<f32>(0.75), vec4<f32>(14.5));
}

// exp(-a^2 / 2); what rounding a^2 would lose is in the tail.
fn gelu_decay(a: vec4<f32>) -> NumericsExp {
    let head = numerics_head(a);
    return numerics_exp(NumericsWide(-0.5 * head * head, -0.5 * (a - head) * (a + head)));
}

// gelu'(-a) for 0 <= a <= 0.5; the odd part has an error of 3e-8.
fn gelu_grad_centre(a: vec4<f32>) -> vec4<f32> {
    let s = a * a;
    return 0.5 - a * (0.797884583 + s * (-0.26596427 + s * (0.0598947927 + s * (-0.0098303752 + s * (0.00177365891)))));
}

// gelu'(-a) for 0 <= a <= 1, around its zero at 0.7518; error 3e-9 of the larger term.
fn gelu_grad_zero(a: vec4<f32>) -> vec4<f32> {
    let u = a - 0.75;
    var p = -0.0029797235 * u - 0.0047363569;
    p = p * u + 0.0195173882;
    p = p * u + 0.0145940753;
    p = p * u - 0.114138156;
    p = p * u + 0.0190160591;
    p = p * u + 0.388184905;
    p = p * u - 0.432885051;
    return p * u + 0.000774278538;
}

// R(a) - a / sqrt(2 pi) for a >= 1; error 1e-8 of the larger of the two. The polynomial also mends what the
// constant lacks.
fn gelu_grad_tail(a: vec4<f32>) -> vec4<f32> {
    let t = (a - 4.0) / (a + 4.0);
    var p = 0.000677215925 * t + 0.000406338833;
    p = p * t - 0.00852135662;
    p = p * t + 0.030881837;
    p = p * t - 0.0717026442;
    p = p * t + 0.124378502;
    p = p * t - 0.170397788;
    let r = p * t + 0.0944106951;
    return r - a * 0.3989423;
}

// Phi(x) + x phi(x); the derivative at x is 1 less the one at -x.
fn gelu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = gelu_clamp(x);
    let tail = numerics_exp_times(gelu_decay(a), numerics_split(gelu_grad_tail(a)));
    let near = select(gelu_grad_zero(abs(x)), gelu_grad_centre(abs(x)), abs(x) < vec4<f32>(0.5));
    let left = select(tail, near, abs(x) < vec4<f32>(1.0));
    let value = select(left, 1.0 - left, x > vec4<f32>(0.0));
    return select(value, x, numerics_is_nan(x));
}
