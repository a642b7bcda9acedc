// dx = dy * f'(x); dx is the output, and so named y here.

fn run(i: u32) {
    store_y(i, multiply(activate_grad(before(load_x(i), i), i), load_dy(i)));
}
