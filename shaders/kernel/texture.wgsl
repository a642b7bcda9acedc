// y = f(x) of every texel of a part of a texture. What binds x and y comes with `load` and `store` (src/shader/texture.rs).

struct Part {
    parameters: vec4<f32>,
    // Its first texel.
    first: vec2<u32>,
    // 1 if the last of four channels stays as it is.
    keeps_alpha: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> operation: Part;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = operation.first + id.xy;
    if (any(at >= textureDimensions(y))) {
        return;
    }
    let x = load(at);
    let result = activate(x);
    store(at, select(result, x, vec4<bool>(false, false, false, operation.keeps_alpha == 1u)));
}
