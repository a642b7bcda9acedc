// A step down the gradient, for all parameters at once.

struct Update {
    length: u32,
    rate: f32,
    // The decay rates. Adam: of the mean and of the mean square. SGD: the momentum, in the first.
    beta_1: f32,
    beta_2: f32,
}

@group(0) @binding(0) var<uniform> update: Update;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
// Mean and mean square of each gradient.
@group(0) @binding(3) var<storage, read_write> moments: array<vec2<f32>>;

// Adam (Kingma and Ba, 2015); the rate has the corrections of the moments in it.
@compute @workgroup_size(64)
fn adam(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= update.length) {
        return;
    }
    let g = gradients[id.x];
    let betas = vec2<f32>(update.beta_1, update.beta_2);
    let moment = betas * moments[id.x] + (1.0 - betas) * vec2<f32>(g, g * g);
    moments[id.x] = moment;
    parameters[id.x] -= update.rate * moment.x / (sqrt(moment.y) + 1e-8);
}

// Stochastic gradient descent with momentum.
@compute @workgroup_size(64)
fn sgd(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= update.length) {
        return;
    }
    let velocity = update.beta_1 * moments[id.x].x + gradients[id.x];
    moments[id.x].x = velocity;
    parameters[id.x] -= update.rate * velocity;
}
