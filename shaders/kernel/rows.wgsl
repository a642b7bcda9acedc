// The position of vector i, counted along rows.
fn position(i: u32, steps: vec4<u32>) -> u32 {
    let index = params.first_vector + i;
    let row = divide(index, params.by_row);
    return (index - row * params.shape.w) * steps.w + row * steps.z;
}
