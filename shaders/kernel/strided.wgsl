// The position of vector i, counted along up to four dimensions, of which the last is the fastest.
fn position(i: u32, steps: vec4<u32>) -> u32 {
    let shape = params.shape;
    let index = params.first_vector + i;
    let row = divide(index, params.by_row);
    let plane = divide(row, params.by_plane);
    let block = divide(plane, params.by_block);
    let inner = (index - row * shape.w) * steps.w + (row - plane * shape.z) * steps.z;
    return inner + (plane - block * shape.y) * steps.y + block * steps.x;
}
