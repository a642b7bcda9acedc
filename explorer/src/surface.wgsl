// Draws the outputs of a layer on the grid, from the buffer in which they were computed: a decision surface, or one
// picture per unit.

struct Picture {
    // Points per side of the grid.
    side: u32,
    units: u32,
    // Pictures per row. 0: one surface, of the softmax of two outputs.
    columns: u32,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var<storage, read> outputs: array<f32>;

const FIRST = vec3<f32>(0.91, 0.45, 0.13);
const SECOND = vec3<f32>(0.16, 0.50, 0.86);
const MIDDLE = vec3<f32>(0.93, 0.93, 0.93);
// The part of a unit's cell that its picture fills.
const FILLED = 0.9;

// An output at a point of the grid.
fn output(column: u32, row: u32, unit: u32) -> f32 {
    return outputs[(row * picture.side + column) * picture.units + unit];
}

// From 0 to 1: the share of the second class, or where an output lies between its signs.
fn share(column: u32, row: u32, unit: u32) -> f32 {
    if (picture.columns == 0u) {
        let difference = output(column, row, 1u) - output(column, row, 0u);
        return 1.0 / (1.0 + exp(clamp(-difference, -60.0, 60.0)));
    }
    let y = clamp(output(column, row, unit), -1e6, 1e6);
    return 0.5 + 0.5 * y / (1.0 + abs(y));
}

// Between four points.
fn smooth_share(at: vec2<f32>, unit: u32) -> f32 {
    let last = picture.side - 1u;
    let place = clamp(at * f32(picture.side) - 0.5, vec2<f32>(0.0), vec2<f32>(f32(last)));
    let low = vec2<u32>(place);
    let high = min(low + 1u, vec2<u32>(last));
    let part = place - vec2<f32>(low);
    let top = mix(share(low.x, low.y, unit), share(high.x, low.y, unit), part.x);
    let bottom = mix(share(low.x, high.y, unit), share(high.x, high.y, unit), part.x);
    return mix(top, bottom, part.y);
}

@fragment
fn paint(@location(0) at: vec2<f32>) -> @location(0) vec4<f32> {
    var place = at;
    var unit = 0u;
    if (picture.columns != 0u) {
        let rows = (picture.units + picture.columns - 1u) / picture.columns;
        let cell = at * vec2<f32>(f32(picture.columns), f32(rows));
        unit = u32(cell.y) * picture.columns + u32(cell.x);
        place = (fract(cell) - 0.5) / FILLED + 0.5;
        if (unit >= picture.units || any(place < vec2<f32>(0.0)) || any(place > vec2<f32>(1.0))) {
            return vec4<f32>(0.0);
        }
    }
    let value = smooth_share(place, unit);
    let end = select(FIRST, SECOND, value > 0.5);
    let colour = mix(MIDDLE, end, abs(2.0 * value - 1.0));
    return vec4<f32>(encoded(colour), 1.0);
}
