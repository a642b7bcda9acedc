// The elements of statistics as a layer makes them: y = f(x + bias), which are stored on the way.

@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<u32>;

fn element(i: u32) -> u32 {
    // Counted from the dispatch's first, which is the first of a channel.
    let at = i - units.x;
    let channel = (units.phase + at / units.inner) % units.channels;
    let y = activate(add(vec4<u32>(x[i]), vec4<u32>(bias[units.bias + channel]))).x;
    result[units.result + at] = y;
    return y;
}
