// The elements are the outputs of a layer, y = f(x + bias), which this pass stores too.

@group(0) @binding(2) var<storage, read_write> result: array<WORD>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;

fn at_result(i: u32) -> u32 {
    return params.offset_result + i;
}

// The biases of an invocation's columns.
var<private> shift: vec4<u32>;

fn activate(x: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(ACTIVATION(bitcast<vec4<f32>>(x), params.activation));
}

fn begin(i: u32) {
#if one
    let element = vec4<u32>(i);
#else
    let element = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
#endif
    // The dispatch's first element is the first of a channel.
    let channel = (params.first_channel + element / params.inner) % params.channels + params.offset_bias;
    shift = vec4<u32>(bias[channel.x], bias[channel.y], bias[channel.z], bias[channel.w]);
}

fn elements(i: u32, is_there: bool) -> vec4<u32> {
    let y = activate(add(load_x(i), shift));
    if (is_there) {
#if one
        put_result(at_result(i), y.x);
#else
        store_result(i, y);
#endif
    }
    return y;
}
