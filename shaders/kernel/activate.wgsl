// The activation and its derivative, under the names that kernels call. i counts vectors of four elements.

fn activate(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
#if plain
    return ACTIVATION(x, params.activation);
#endif
#if random_slopes
    return ACTIVATION_with(x, ACTIVATION_random_slopes(draw(i), params.activation));
#endif
#if weight
    return ACTIVATION_with(x, bitcast<vec4<f32>>(data.weight));
#endif
#if linear_gate
    return x;
#endif
}

fn activate_grad(x: vec4<f32>, data: Data, i: u32) -> vec4<f32> {
#if plain
    return ACTIVATION_grad(x, params.activation);
#endif
#if random_slopes
    return ACTIVATION_grad_with(x, ACTIVATION_random_slopes(draw(i), params.activation));
#endif
#if weight
    return ACTIVATION_grad_with(x, bitcast<vec4<f32>>(data.weight));
#endif
#if linear_gate
    return vec4<f32>(1.0);
#endif
}
