// A uniform variate in [0, 1) per element of vector i of four. It depends only on the element's position in the
// operation, the seed and the offset.

fn draw(i: u32) -> vec4<f32> {
    let low = params.first_four.x + i;
    let high = params.first_four.y + select(0u, 1u, low < i);
    let counter = vec4<u32>(low, high, params.draw.z, params.draw.w);
    return random_uniform(random_philox(counter, params.draw.xy));
}
