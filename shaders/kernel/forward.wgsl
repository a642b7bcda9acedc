// y = f(x). Data moves as integers, so that no load or store can touch a NaN's payload.

fn compute(data: Data, i: u32) -> Results {
    return Results(after(bitcast<vec4<u32>>(activate(before(data), data, i)), data));
}
