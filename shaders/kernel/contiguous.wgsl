// Where group i lies: behind those before it.
fn group(i: u32, steps: vec4<u32>) -> u32 {
    return i;
}
