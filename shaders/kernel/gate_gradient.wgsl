// dx = dy * f(gate) and dgate = dy * x * f'(gate).

fn compute(data: Data, i: u32) -> Results {
    let dy = bitcast<vec4<f32>>(data.dy);
    let gate = bitcast<vec4<f32>>(data.gate);
    let dx = bitcast<vec4<u32>>(numerics_times(dy, activate(gate, data, i)));
    let upstream = bitcast<vec4<u32>>(numerics_times(dy, bitcast<vec4<f32>>(data.x)));
    return Results(dx, multiply(activate_grad(gate, data, i), upstream));
}
