// Value and derivative from the public sources, in a user's own shader.

@group(0) @binding(0) var<uniform> parameters: vec4<f32>;
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> slope: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < arrayLength(&x)) {
        let at = bitcast<vec4<f32>>(x[id.x]);
        y[id.x] = bitcast<vec4<u32>>(activate(at, parameters));
        slope[id.x] = bitcast<vec4<u32>>(activate_grad(at, parameters));
    }
}
