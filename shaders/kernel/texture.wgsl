// y = f(x) of every texel of a part of a texture. What binds x and y comes with `texel` and `store`
// (src/texel.rs).

override ROWS: u32 = 1u;

struct Part {
    parameters: vec4<f32>,
    // Its first texel.
    first: vec2<u32>,
    // 1 if the last channel stays as it is.
    keeps_alpha: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> operation: Part;

// A workgroup takes 8 columns, and of these as many rows as its invocations do, 8 at a time.
@compute @workgroup_size(8, 8)
fn main(
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let size = textureDimensions(y);
    let at = operation.first + workgroup.xy * vec2<u32>(8u, 8u * ROWS) + local.xy;
    for (var row = 0u; row < ROWS; row++) {
        let place = at + vec2<u32>(0u, 8u * row);
        if (any(place >= size)) {
            break;
        }
        let x = texel(place);
        let result = activate(x, 0u);
        store(place, select(result, x, vec4<bool>(false, false, false, operation.keeps_alpha == 1u)));
    }
}
