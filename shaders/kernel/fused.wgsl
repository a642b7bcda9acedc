// The additions before and after the activation.

#if x
fn activation_input(data: Data) -> vec4<f32> {
#if bias
    return bitcast<vec4<f32>>(add(data.x, data.bias));
#else
    return bitcast<vec4<f32>>(data.x);
#endif
}
#endif

fn with_residual(result: vec4<u32>, data: Data) -> vec4<u32> {
#if residual
    return add(result, data.residual);
#else
    return result;
#endif
}
