override LEFT: f32;
override RIGHT: f32;
override BOTTOM: f32;
override TOP: f32;

const VALUE = vec3<f32>(0.16, 0.50, 0.86);
const SLOPE = vec3<f32>(0.91, 0.45, 0.13);
const GRID = vec3<f32>(0.5);
/// In pixels.
const HALF = 1.25;

@group(0) @binding(0) var<storage, read> value: array<f32>;
@group(0) @binding(1) var<storage, read> slope: array<f32>;

@fragment
fn paint(@location(0) place: vec2<f32>) -> @location(0) vec4<f32> {
    let at = mix(vec2<f32>(LEFT, TOP), vec2<f32>(RIGHT, BOTTOM), place);
    let pixel = fwidth(at);
    let grid = abs(fract(at + 0.5) - 0.5) / pixel;
    let axis = abs(at) / pixel;
    var colour = vec4<f32>(0.0);
    colour = over(GRID, 0.18 * line(min(grid.x, grid.y), 0.5), colour);
    colour = over(GRID, 0.75 * line(min(axis.x, axis.y), 0.5), colour);

    let points = i32(arrayLength(&value));
    let step = (RIGHT - LEFT) / f32(points - 1);
    let segment = i32((at.x - LEFT) / step);
    let reach = i32(clamp((HALF + 1.0) * pixel.x / step, 0.0, 256.0)) + 1;
    let first = clamp(segment - reach, 0, points - 2);
    let last = clamp(segment + reach, 0, points - 2);
    var nearest = vec2<f32>(1e9);
    for (var i = first; i <= last; i++) {
        let x = vec2<f32>(LEFT + f32(i) * step, LEFT + f32(i + 1) * step);
        nearest.x = min(nearest.x, distance_to(at, x, vec2<f32>(value[i], value[i + 1]), pixel));
        nearest.y = min(nearest.y, distance_to(at, x, vec2<f32>(slope[i], slope[i + 1]), pixel));
    }
    colour = over(SLOPE, line(nearest.y, HALF), colour);
    colour = over(VALUE, line(nearest.x, HALF), colour);
    return colour;
}

/// From `at` to a segment, in pixels.
fn distance_to(at: vec2<f32>, x: vec2<f32>, y: vec2<f32>, pixel: vec2<f32>) -> f32 {
    let start = (vec2<f32>(x.x, y.x) - at) / pixel;
    let along = vec2<f32>(x.y - x.x, y.y - y.x) / pixel;
    let nearest = clamp(-dot(start, along) / dot(along, along), 0.0, 1.0);
    return length(start + nearest * along);
}

/// The share of a pixel that a line covers.
fn line(distance: f32, half: f32) -> f32 {
    return clamp(half + 0.5 - distance, 0.0, 1.0);
}

fn over(colour: vec3<f32>, cover: f32, under: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(encoded(colour), 1.0) * cover + under * (1.0 - cover);
}
