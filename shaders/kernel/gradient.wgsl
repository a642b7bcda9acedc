// dx = dy * f'(x); dx is the output, and so named y here.

fn compute(data: Data, i: u32) -> vec4<u32> {
    return after(multiply(activate_grad(before(data), i), data.dy), data);
}
