// The elements are in a buffer.

fn begin(i: u32) {}

fn elements(i: u32, is_there: bool) -> vec4<u32> {
    return load_x(i);
}
