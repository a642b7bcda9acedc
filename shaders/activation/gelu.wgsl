// gelu(x) = x Phi(x), with Phi the standard normal distribution. Around 0 from Phi's odd part, beyond from its
// tail, Phi(-a) = exp(-a^2 / 2) R(a), which is polynomials in t = (a - 4) / (a + 4). The errors given
// are relative, before rounding.

// |x| between where the tail begins and 14.5, past which nothing changes: Phi(-14.5) is 6e-48.
fn gelu_clamp(x: vec4<f32>) -> vec4<f32> {
    return clamp(abs(x), vec4<f32>(0.75), vec4<f32>(14.5));
}

// exp(-a^2 / 2); what rounding a^2 would lose is in the tail.
fn gelu_decay(a: vec4<f32>) -> NumericsExp {
    let head = numerics_head(a);
    return numerics_exp(NumericsWide(-0.5 * head * head, -0.5 * (a - head) * (a + head)));
}

// Phi(x) - 1/2 for |x| <= 0.75; error 3e-8.
fn gelu_centre(x: vec4<f32>) -> vec4<f32> {
    let s = x * x;
    return x * (0.398942292 + s * (-0.0664909407 + s * (0.00997786783 + s * (-0.00119659666 + s * (0.000116316034)))));
}

// a R(a); error 2e-8.
fn gelu_tail(a: vec4<f32>) -> vec4<f32> {
    let t = (a - 4.0) / (a + 4.0);
    var p = 0.000784628268 * t - 0.000957070384;
    p = p * t - 0.00548317796;
    p = p * t + 0.0264356453;
    p = p * t - 0.0630646124;
    p = p * t + 0.100307263;
    p = p * t - 0.110379726;
    p = p * t + 0.073694244;
    return p * t + 0.377642572;
}

fn gelu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let a = gelu_clamp(x);
    let left = numerics_exp_times(gelu_decay(a), numerics_split(-gelu_tail(a)));
    let outer = select(left, x + left, x > vec4<f32>(0.0));
    let value = select(outer, x * (0.5 + gelu_centre(x)), abs(x) < vec4<f32>(0.75));
    return select(value, x, numerics_is_nan(x));
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
