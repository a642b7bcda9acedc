// selu(x) = lambda * x for x > 0; else lambda * alpha * (exp(x) - 1).

const selu_lambda = 1.0507009873554805;

// lambda * alpha, 1.7580993408473766.
fn selu_lambda_alpha() -> NumericsWide {
    return NumericsWide(vec4<f32>(1.75732421875), vec4<f32>(0.000775122097376606));
}

fn selu(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(min(x, vec4<f32>(0.0))));
    let value = numerics_expm1(e, selu_lambda_alpha());
    let right = select(value, selu_lambda * x, numerics_is_positive(x));
    return select(right, x, numerics_is_nan(x));
}

// lambda where x > 0, else lambda * alpha * exp(x); NaN for NaN.
fn selu_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    let e = numerics_exp(numerics_plain(min(x, vec4<f32>(0.0))));
    let value = numerics_exp_times(e, selu_lambda_alpha());
    let right = select(value, vec4<f32>(selu_lambda), numerics_is_positive(x));
    return select(right, x, numerics_is_nan(x));
}
