// Where group i lies: groups are counted along up to four dimensions, the last the fastest.
fn group(i: u32, steps: vec4<u32>) -> u32 {
    let sizes = strides.sizes;
    let index = strides.first + i;
    let row = divide(index, strides.by_last);
    let plane = divide(row, strides.by_third);
    let block = divide(plane, strides.by_second);
    let inner = (index - row * sizes.w) * steps.w + (row - plane * sizes.z) * steps.z;
    return inner + (plane - block * sizes.y) * steps.y + block * steps.x;
}
