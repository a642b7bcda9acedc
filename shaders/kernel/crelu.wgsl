// y = f(x) and y_negated = f(-x), or their gradient dx = dy * f'(x) - dy_negated * f'(-x).

fn negated(x: vec4<u32>) -> vec4<u32> {
    return x ^ vec4<u32>(0x80000000u);
}

fn compute(data: Data, i: u32) -> Results {
    let x = bitcast<vec4<f32>>(data.x);
    let minus_x = bitcast<vec4<f32>>(negated(data.x));
#if y_negated
    let y = bitcast<vec4<u32>>(activate(x, data, i));
    return Results(y, bitcast<vec4<u32>>(activate(minus_x, data, i)));
#else
    let dx = multiply(activate_grad(x, data, i), data.dy);
    return Results(add(dx, negated(multiply(activate_grad(minus_x, data, i), data.dy_negated))));
#endif
}
