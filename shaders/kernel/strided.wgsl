// Where group i lies: groups are counted along up to four dimensions, the last the fastest.
fn group(i: u32, strides: vec4<u32>) -> u32 {
    let sizes = given.strides.sizes;
    let index = given.strides.first + i;
    let row = divide(index, given.strides.by_last);
    var at = (index - row * sizes.w) * strides.w;
    // Most have two dimensions.
    if (sizes.x * sizes.y == 1u) {
        return at + row * strides.z;
    }
    let plane = divide(row, given.strides.by_third);
    let block = divide(plane, given.strides.by_second);
    at += (row - plane * sizes.z) * strides.z + (plane - block * sizes.y) * strides.y;
    return at + block * strides.x;
}
