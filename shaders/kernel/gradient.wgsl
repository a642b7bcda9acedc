// dx = dy * f'(x); dx is the output, and so named y here.

fn compute(data: Data, i: u32) -> Results {
    return Results(after(multiply(activate_grad(before(data), data, i), data.dy), data));
}
