// y = f(x) for every texel of a tile of a texture. The bindings come with `load` and `store` (src/shader/texture.rs).

struct Params {
    activation: vec4<f32>,
    // Its first texel.
    first: vec2<u32>,
    // 1 if the last of four channels stays as it is.
    keeps_alpha: u32,
    padding: u32,
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = params.first + id.xy;
    if (any(at >= textureDimensions(y))) {
        return;
    }
    let x = load(at);
    let result = activate(x);
    store(at, select(result, x, vec4<bool>(false, false, false, params.keeps_alpha == 1u)));
}
