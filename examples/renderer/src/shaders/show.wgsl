// Draws the picture from its buffer: one triangle over everything, and one pixel of the buffer per fragment.

// Colours are encoded, as in the trained picture. A target that encodes colours gets them decoded.
override ENCODES: bool;

struct View {
    origin: vec2<f32>,
    step: f32,
    width: u32,
}

@group(0) @binding(0) var<uniform> view: View;
// One plane per colour.
@group(0) @binding(1) var<storage, read> picture: array<f32>;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn decoded(colour: vec3<f32>) -> vec3<f32> {
    let bent = pow((colour + 0.055) / 1.055, vec3<f32>(2.4));
    return select(bent, colour / 12.92, colour <= vec3<f32>(0.04045));
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = u32(position.y) * view.width + u32(position.x);
    let plane = arrayLength(&picture) / 3u;
    let colour = vec3<f32>(picture[at], picture[plane + at], picture[2u * plane + at]);
    if (ENCODES) {
        return vec4<f32>(decoded(colour), 1.0);
    }
    return vec4<f32>(colour, 1.0);
}
