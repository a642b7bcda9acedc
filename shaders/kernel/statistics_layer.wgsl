// The elements are the outputs of a layer, y = f(x + bias), which this pass stores too.

@group(0) @binding(2) var<storage, read_write> result: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;

// The bias of the channel, which is the same for all elements of an invocation.
var<private> shift: vec4<u32>;

fn activate(x: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(ACTIVATION(bitcast<vec4<f32>>(x), params.activation));
}

fn begin(i: u32) {
    // The dispatch's first element is the first of a channel.
    let channel = (params.first_channel + (i - params.offset_x) / params.inner) % params.channels;
    shift = vec4<u32>(bias[params.offset_bias + channel]);
}

fn element(i: u32) -> u32 {
    let y = activate(add(vec4<u32>(x[i]), shift)).x;
    result[params.offset_result + i - params.offset_x] = y;
    return y;
}
