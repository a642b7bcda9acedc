// dx = dy * f'(x); dx is the output, and so named y here.
//
// Where the derivative is exactly 1, dy passes bit for bit; where it is exactly 0 a piecewise linear
// activation selects 0, so that an infinite or NaN dy does not leak out of a dead input.

fn run(i: u32) {
    let derivative = activate_grad(bitcast<vec4<f32>>(load_x(i)), operation.parameters);
    let bits = bitcast<vec4<u32>>(derivative);
    let dy = load_dy(i);
    var dx = bitcast<vec4<u32>>(derivative * bitcast<vec4<f32>>(dy));
    dx = select(dx, dy, bits == vec4<u32>(0x3f800000u));
    if (GRADIENT_SELECTS) {
        dx = select(dx, vec4<u32>(0u), (bits & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u));
    }
    store_y(i, dx);
}
