// y = f(x). Data moves as integers, so that no load or store can touch a NaN's payload.

fn compute(data: Data, i: u32) -> Results {
    let y = activate(activation_input(data), data, i);
    return Results(with_residual(bitcast<vec4<u32>>(y), data));
}
