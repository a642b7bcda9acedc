// The layers' products, for a band of pixels. What follows them, `epilogue`, is another file's or a wrapper's.
//
// Units lie in quads, and of each quad all pixels of the band lie together: neighbours read and write neighbours.

struct Stage {
    first_pixel: u32, // of the band
    pixels: u32,      // in the band
    inputs: u32,      // quads; for `features`, of frequencies
    outputs: u32,     // quads
    row: u32,         // matrices from an input quad to the next
    weights: u32,     // the first matrix
    bias: u32,        // the first quad
    frequencies: u32, // the first quad; across, then down
    destination: u32, // of the first pixel's quad
}

struct View {
    origin: vec2<f32>,
    step: f32,
    width: u32,
}

@group(0) @binding(0) var<uniform> stage: Stage;
@group(0) @binding(1) var<uniform> view: View;
@group(0) @binding(3) var<storage, read> weights: array<mat4x4<f32>>;
@group(0) @binding(4) var<storage, read> quads: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;

// What an invocation makes: 32 units of a pixel, written out, since compilers do not unroll every loop.
var<private> s0: vec4<f32>;
var<private> s1: vec4<f32>;
var<private> s2: vec4<f32>;
var<private> s3: vec4<f32>;
var<private> s4: vec4<f32>;
var<private> s5: vec4<f32>;
var<private> s6: vec4<f32>;
var<private> s7: vec4<f32>;

fn begin(at: u32) {
    s0 = quads[at];
    s1 = quads[at + 1u];
    s2 = quads[at + 2u];
    s3 = quads[at + 3u];
    s4 = quads[at + 4u];
    s5 = quads[at + 5u];
    s6 = quads[at + 6u];
    s7 = quads[at + 7u];
}

fn add(at: u32, h: vec4<f32>) {
    s0 += weights[at] * h;
    s1 += weights[at + 1u] * h;
    s2 += weights[at + 2u] * h;
    s3 += weights[at + 3u] * h;
    s4 += weights[at + 4u] * h;
    s5 += weights[at + 5u] * h;
    s6 += weights[at + 6u] * h;
    s7 += weights[at + 7u] * h;
}

fn put(quad: u32, pixel: u32, sum: vec4<f32>) {
    if (quad < stage.outputs) {
        y[quad * stage.pixels + pixel] = epilogue(sum);
    }
}

fn end(quad: u32, pixel: u32) {
    put(quad, pixel, s0);
    put(quad + 1u, pixel, s1);
    put(quad + 2u, pixel, s2);
    put(quad + 3u, pixel, s3);
    put(quad + 4u, pixel, s4);
    put(quad + 5u, pixel, s5);
    put(quad + 6u, pixel, s6);
    put(quad + 7u, pixel, s7);
}

// The first layer: from a place, through the sines and cosines of its turns.
@compute @workgroup_size(64)
fn features(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.pixels) {
        return;
    }
    let pixel = stage.first_pixel + id.x;
    let at = vec2<f32>(vec2<u32>(pixel % view.width, pixel / view.width)) + 0.5;
    let place = view.origin + at * view.step;
    let quad = 8u * id.y;
    begin(stage.bias + quad);
    var matrix = stage.weights + quad;
    for (var k = 0u; k < stage.inputs; k++) {
        let turns = quads[stage.frequencies + k] * place.x
            + quads[stage.frequencies + stage.inputs + k] * place.y;
        let wave = sine_and_cosine(turns);
        add(matrix, wave[0]);
        add(matrix + stage.row, wave[1]);
        matrix += 2u * stage.row;
    }
    end(quad, id.x);
}

@compute @workgroup_size(64)
fn hidden(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.pixels) {
        return;
    }
    let quad = 8u * id.y;
    begin(stage.bias + quad);
    var matrix = stage.weights + quad;
    for (var k = 0u; k < stage.inputs; k++) {
        add(matrix, x[k * stage.pixels + id.x]);
        matrix += stage.row;
    }
    end(quad, id.x);
}

// The last layer: one quad, red, green, blue and nothing, into the whole picture.
@compute @workgroup_size(64)
fn colours(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.pixels) {
        return;
    }
    var sum = quads[stage.bias];
    for (var k = 0u; k < stage.inputs; k++) {
        sum += weights[stage.weights + k * stage.row] * x[k * stage.pixels + id.x];
    }
    y[stage.destination + id.x] = epilogue(sum);
}
