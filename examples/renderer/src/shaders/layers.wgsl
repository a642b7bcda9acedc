// The layers' products, for a band of pixels. Their `epilogue` is in another file or a wrapper.
//
// The pixels of a unit are contiguous, in vectors of four. Neighbouring invocations read and write neighbouring
// vectors. An invocation takes two vectors, so each weight that it reads serves eight pixels. Lanes of lavapipe read
// one by one, so fewer reads are faster there.

struct Stage {
    first: u32,       // the first vector of pixels in the band
    quads: u32,       // vectors of pixels in the band, and from one unit of x to the next
    inputs: u32,      // units; for `features`, frequencies
    outputs: u32,     // units
    row: u32,         // vectors of weights from one input to the next
    weights: u32,     // the first vector of the weights
    biases: u32,      // the first vector of the biases
    frequencies: u32, // the first vector of the frequencies
    target_first: u32, // the first vector of y
    target_row: u32,   // vectors from one unit of y to the next
}

struct View {
    origin: vec2<f32>,
    step: f32,
    width: u32,
}

@group(0) @binding(0) var<uniform> stage: Stage;
@group(0) @binding(1) var<uniform> view: View;
// A vector has the weights or biases of four units, or one frequency, across and down.
@group(0) @binding(3) var<storage, read> numbers: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

// The results of an invocation: 16 units of two vectors of pixels. A column of a matrix is a unit.
var<private> s0: mat4x4<f32>;
var<private> s1: mat4x4<f32>;
var<private> s2: mat4x4<f32>;
var<private> s3: mat4x4<f32>;
var<private> t0: mat4x4<f32>;
var<private> t1: mat4x4<f32>;
var<private> t2: mat4x4<f32>;
var<private> t3: mat4x4<f32>;

fn outer(pixels: vec4<f32>, units: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(pixels * units.x, pixels * units.y, pixels * units.z, pixels * units.w);
}

fn begin(at: u32) {
    s0 = outer(vec4<f32>(1.0), numbers[at]);
    s1 = outer(vec4<f32>(1.0), numbers[at + 1u]);
    s2 = outer(vec4<f32>(1.0), numbers[at + 2u]);
    s3 = outer(vec4<f32>(1.0), numbers[at + 3u]);
    t0 = s0;
    t1 = s1;
    t2 = s2;
    t3 = s3;
}

fn add(at: u32, first: vec4<f32>, second: vec4<f32>) {
    let w0 = numbers[at];
    let w1 = numbers[at + 1u];
    let w2 = numbers[at + 2u];
    let w3 = numbers[at + 3u];
    s0 += outer(first, w0);
    s1 += outer(first, w1);
    s2 += outer(first, w2);
    s3 += outer(first, w3);
    t0 += outer(second, w0);
    t1 += outer(second, w1);
    t2 += outer(second, w2);
    t3 += outer(second, w3);
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

fn end(unit: u32, quad: vec2<u32>) {
    put_four(unit, quad.x, s0);
    put_four(unit + 4u, quad.x, s1);
    put_four(unit + 8u, quad.x, s2);
    put_four(unit + 12u, quad.x, s3);
    if (quad.y < stage.quads) {
        put_four(unit, quad.y, t0);
        put_four(unit + 4u, quad.y, t1);
        put_four(unit + 8u, quad.y, t2);
        put_four(unit + 12u, quad.y, t3);
    }
}

// The invocations per band.
fn half() -> u32 {
    return (stage.quads + 1u) / 2u;
}

// The two vectors of an invocation: one in the first half, and one in the second, which may be past the last.
fn two(x: u32) -> vec2<u32> {
    return vec2<u32>(x, x + half());
}

// The places of a vector's pixels: across and down.
fn place(quad: u32) -> array<vec4<f32>, 2> {
    let pixels = vec4<u32>(4u * (stage.first + quad)) + vec4<u32>(0u, 1u, 2u, 3u);
    return array<vec4<f32>, 2>(
        view.origin.x + (vec4<f32>(pixels % view.width) + 0.5) * view.step,
        view.origin.y + (vec4<f32>(pixels / view.width) + 0.5) * view.step,
    );
}

// The first layer, from the sines and cosines of a place's turns.
@compute @workgroup_size(64)
fn features(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= half()) {
        return;
    }
    let quad = two(id.x);
    let a = place(quad.x);
    let b = place(quad.y);
    begin(stage.biases + 4u * id.y);
    let first = stage.weights + 4u * id.y;
    for (var k = 0u; k < stage.inputs; k++) {
        let frequency = numbers[stage.frequencies + k];
        let v = sine_and_cosine(frequency.x * a[0] + frequency.y * a[1]);
        let w = sine_and_cosine(frequency.x * b[0] + frequency.y * b[1]);
        add(first + k * stage.row, v[0], w[0]);
        add(first + (stage.inputs + k) * stage.row, v[1], w[1]);
    }
    end(16u * id.y, quad);
}

@compute @workgroup_size(64)
fn hidden(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= half()) {
        return;
    }
    let quad = two(id.x);
    begin(stage.biases + 4u * id.y);
    let first = stage.weights + 4u * id.y;
    for (var k = 0u; k < stage.inputs; k++) {
        let row = k * stage.quads;
        add(first + k * stage.row, x[row + quad.x], x[row + quad.y]);
    }
    end(16u * id.y, quad);
}

// The last layer: red, green and blue, three planes of the whole picture.
@compute @workgroup_size(64)
fn colours(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= half()) {
        return;
    }
    let quad = two(id.x);
    var s = outer(vec4<f32>(1.0), numbers[stage.biases]);
    var t = s;
    for (var k = 0u; k < stage.inputs; k++) {
        let row = k * stage.quads;
        let w = numbers[stage.weights + k * stage.row];
        s += outer(x[row + quad.x], w);
        t += outer(x[row + quad.y], w);
    }
    put_four(0u, quad.x, s);
    if (quad.y < stage.quads) {
        put_four(0u, quad.y, t);
    }
}
