// Eight 16-bit results that are x or 0, or dy or 0: they are stored as they were loaded, which needs no rounding.

var<private> loaded: vec4<u32>;

fn loaded_or_0(first: vec4<u32>, second: vec4<u32>) -> vec4<u32> {
    let zero = vec4<u32>(0u);
    let even = select(vec4<u32>(0xffffu), zero, first == zero);
    return loaded & (even | select(vec4<u32>(0xffff0000u), zero, second == zero));
}
