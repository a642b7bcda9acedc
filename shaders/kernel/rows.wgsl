// Where group i lies: groups are counted along rows.
fn group(i: u32, steps: vec4<u32>) -> u32 {
    let index = strides.first + i;
    let row = divide(index, strides.by_last);
    return (index - row * strides.sizes.w) * steps.w + row * steps.z;
}
