// The layers' products, for a band of pixels. What follows them, `epilogue`, is another file's or a wrapper's.
//
// Of each unit all pixels of the band lie together, in quads: four pixels of a unit are what an invocation reads and
// writes at once, next to its neighbours', and each weight it reads serves all four.

struct Stage {
    first: u32,       // quad of pixels of the band
    quads: u32,       // of pixels in the band, and from a unit of x to the next
    inputs: u32,      // units; for `features`, frequencies
    outputs: u32,     // units
    row: u32,         // quads of weights from an input to the next
    weights: u32,     // the first quad of the weights
    biases: u32,      // and of the biases
    frequencies: u32, // and of the frequencies
    target_first: u32, // the first quad of y
    target_row: u32,   // from a unit of y to the next
}

struct View {
    origin: vec2<f32>,
    step: f32,
    width: u32,
}

@group(0) @binding(0) var<uniform> stage: Stage;
@group(0) @binding(1) var<uniform> view: View;
// Weights and biases of four units a quad; a frequency a quad, across and down.
@group(0) @binding(3) var<storage, read> numbers: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

// What an invocation makes: 16 units of four pixels; a column of a matrix is a unit.
var<private> s0: mat4x4<f32>;
var<private> s1: mat4x4<f32>;
var<private> s2: mat4x4<f32>;
var<private> s3: mat4x4<f32>;

fn outer(pixels: vec4<f32>, units: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(pixels * units.x, pixels * units.y, pixels * units.z, pixels * units.w);
}

fn begin(at: u32) {
    s0 = outer(vec4<f32>(1.0), numbers[at]);
    s1 = outer(vec4<f32>(1.0), numbers[at + 1u]);
    s2 = outer(vec4<f32>(1.0), numbers[at + 2u]);
    s3 = outer(vec4<f32>(1.0), numbers[at + 3u]);
}

fn add(at: u32, pixels: vec4<f32>) {
    s0 += outer(pixels, numbers[at]);
    s1 += outer(pixels, numbers[at + 1u]);
    s2 += outer(pixels, numbers[at + 2u]);
    s3 += outer(pixels, numbers[at + 3u]);
}

fn put(unit: u32, quad: u32, pixels: vec4<f32>) {
    if (unit < stage.outputs) {
        y[stage.target_first + unit * stage.target_row + quad] = epilogue(pixels);
    }
}

fn put_four(unit: u32, quad: u32, sum: mat4x4<f32>) {
    put(unit, quad, sum[0]);
    put(unit + 1u, quad, sum[1]);
    put(unit + 2u, quad, sum[2]);
    put(unit + 3u, quad, sum[3]);
}

fn end(unit: u32, quad: u32) {
    put_four(unit, quad, s0);
    put_four(unit + 4u, quad, s1);
    put_four(unit + 8u, quad, s2);
    put_four(unit + 12u, quad, s3);
}

// The first layer: from a place, through the sines and cosines of its turns.
@compute @workgroup_size(64)
fn features(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.quads) {
        return;
    }
    let pixels = vec4<u32>(4u * (stage.first + id.x)) + vec4<u32>(0u, 1u, 2u, 3u);
    let across = view.origin.x + (vec4<f32>(pixels % view.width) + 0.5) * view.step;
    let down = view.origin.y + (vec4<f32>(pixels / view.width) + 0.5) * view.step;
    begin(stage.biases + 4u * id.y);
    let first = stage.weights + 4u * id.y;
    for (var k = 0u; k < stage.inputs; k++) {
        let frequency = numbers[stage.frequencies + k];
        let waves = sine_and_cosine(frequency.x * across + frequency.y * down);
        add(first + k * stage.row, waves[0]);
        add(first + (stage.inputs + k) * stage.row, waves[1]);
    }
    end(16u * id.y, id.x);
}

@compute @workgroup_size(64)
fn hidden(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.quads) {
        return;
    }
    begin(stage.biases + 4u * id.y);
    let first = stage.weights + 4u * id.y;
    for (var k = 0u; k < stage.inputs; k++) {
        add(first + k * stage.row, x[k * stage.quads + id.x]);
    }
    end(16u * id.y, id.x);
}

// The last layer: red, green and blue, three planes of the whole picture.
@compute @workgroup_size(64)
fn colours(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= stage.quads) {
        return;
    }
    var sum = outer(vec4<f32>(1.0), numbers[stage.biases]);
    for (var k = 0u; k < stage.inputs; k++) {
        sum += outer(x[k * stage.quads + id.x], numbers[stage.weights + k * stage.row]);
    }
    put_four(0u, id.x, sum);
}
