// The elements of statistics as a layer makes them: y = f(x + bias), which are stored on the way.

@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<u32>;

// That of the channel which all elements of an invocation are of.
var<private> shift: vec4<u32>;

fn begin(i: u32) {
    // Counted from the dispatch's first, which is the first of a channel.
    let channel = (units.phase + (i - units.x) / units.inner) % units.channels;
    shift = vec4<u32>(bias[units.bias + channel]);
}

fn element(i: u32) -> u32 {
    let y = activate(add(vec4<u32>(x[i]), shift)).x;
    result[units.result + i - units.x] = y;
    return y;
}
