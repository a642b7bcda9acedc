// Sine and cosine of whole turns, by the Taylor series within an eighth of a turn: WGSL's own may be off by 2⁻¹¹, which
// would be visible, and lose all digits far from 0.

fn sine_and_cosine(turns: vec4<f32>) -> array<vec4<f32>, 2> {
    let quarters = floor(4.0 * turns + 0.5);
    let angle = 6.2831853 * (turns - 0.25 * quarters);
    let square = angle * angle;
    let sine = angle * (1.0 + square * (-1.6666667e-1 + square * (8.3333333e-3
        + square * (-1.984127e-4 + square * 2.7557319e-6))));
    let cosine = 1.0 + square * (-0.5 + square * (4.1666667e-2
        + square * (-1.3888889e-3 + square * 2.4801587e-5)));
    let quadrant = vec4<u32>(vec4<i32>(quarters)) & vec4<u32>(3u);
    let swapped = (quadrant & vec4<u32>(1u)) != vec4<u32>(0u);
    let a = select(sine, cosine, swapped);
    let b = select(cosine, sine, swapped);
    return array<vec4<f32>, 2>(
        select(a, -a, quadrant >= vec4<u32>(2u)),
        select(b, -b, (quadrant == vec4<u32>(1u)) | (quadrant == vec4<u32>(2u))),
    );
}
