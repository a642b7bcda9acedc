// dx = dy * f(gate) and dgate = dy * x * f'(gate). One of the two alone where a device has too few bindings for both.

fn compute(data: Data, i: u32) -> Results {
    let dy = bitcast<vec4<f32>>(data.dy);
    let gate = bitcast<vec4<f32>>(data.gate);
#if dx
    let dx = bitcast<vec4<u32>>(numerics_times(dy, activate(gate, data, i)));
#endif
#if dgate
    let upstream = bitcast<vec4<u32>>(numerics_times(dy, bitcast<vec4<f32>>(data.x)));
    let dgate = multiply(activate_grad(gate, data, i), upstream);
#endif
    return Results(
#each written
        OPERAND,
#end
    );
}
