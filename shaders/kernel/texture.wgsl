// y = f(x) for every texel of a tile of a texture.

struct Params {
    activation: vec4<f32>,
    // The tile's first texel.
    first: vec2<u32>,
    // 1 if the last of four channels stays as it is.
    keeps_alpha: u32,
    padding: u32,
}

@group(0) @binding(PARAMS) var<uniform> params: Params;

#if in_place
@group(0) @binding(0) var y: texture_storage_2d<FORMAT, read_write>;

fn load(at: vec2<u32>) -> vec4<f32> {
    return textureLoad(y, at);
}
#else
@group(0) @binding(0) var y: texture_storage_2d<FORMAT, write>;
@group(0) @binding(1) var x: texture_2d<f32>;

fn load(at: vec2<u32>) -> vec4<f32> {
    return textureLoad(x, at, 0);
}
#endif

fn store(at: vec2<u32>, result: vec4<f32>) {
#if f16
    // Devices round to f16 in any direction (llvmpipe towards 0). They do not change a number that is an f16 already.
    let half = narrow_f16(bitcast<vec4<u32>>(result));
    textureStore(y, at, bitcast<vec4<f32>>(widen_f16(half)));
#else
    textureStore(y, at, result);
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = params.first + id.xy;
    if (any(at >= textureDimensions(y))) {
        return;
    }
    let before = load(at);
    let result = ACTIVATION(before, params.activation);
    store(at, select(result, before, vec4<bool>(false, false, false, params.keeps_alpha == 1u)));
}
