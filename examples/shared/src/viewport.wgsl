// Whether the target takes linear colours.
override SRGB: bool;

struct Corner {
    @builtin(position) position: vec4<f32>,
    // From 0 to 1, down.
    @location(0) at: vec2<f32>,
}

// Of one triangle over all.
@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let unit = 2.0 * vec2<f32>(f32(index & 1u), f32(index >> 1u));
    return Corner(vec4<f32>(2.0 * unit - 1.0, 0.0, 1.0), vec2<f32>(unit.x, 1.0 - unit.y));
}

// A colour as the target takes it.
fn encoded(colour: vec3<f32>) -> vec3<f32> {
    return select(colour, pow(colour, vec3<f32>(2.2)), SRGB);
}

