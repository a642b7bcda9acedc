// y = f(x). Data moves as integers, so that no load or store can touch a NaN's payload.

fn run(i: u32) {
    let x = bitcast<vec4<f32>>(load_x(i));
    store_y(i, bitcast<vec4<u32>>(activate(x, operation.parameters)));
}
