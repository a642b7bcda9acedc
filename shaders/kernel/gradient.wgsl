// dx = dy * f'(x).

fn compute(data: Data, i: u32) -> Results {
    let derivative = activate_grad(activation_input(data), data, i);
    return Results(with_residual(multiply(derivative, data.dy), data));
}
