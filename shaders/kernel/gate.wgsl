// y = x * f(gate).

fn compute(data: Data, i: u32) -> Results {
    let gated = numerics_times(bitcast<vec4<f32>>(data.x), activate(bitcast<vec4<f32>>(data.gate), data, i));
    return Results(bitcast<vec4<u32>>(gated));
}
