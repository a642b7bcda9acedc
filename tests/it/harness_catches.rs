//! Tests the test: the harness must accept a right kernel that is not the crate's, and catch wrong ones.

use testkit::layout::Layout;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Element, reference};

use crate::gpu;
use crate::harness::{compare_stored_gradients, compare_stored_values, examine};
use crate::naive::Naive;

const LEAKY: Activation = Activation::LeakyRelu { negative_slope: 2.0 };
const ELU: Activation = Activation::Elu { alpha: 1.0 };

/// Right on integer bits, as the crate's own, but spelled differently.
const RELU: &str = "bitcast<f32>(select(bitcast<u32>(x), 0u,
    (bitcast<u32>(x) >> 31u) == 1u && bitcast<u32>(x) <= 0xff800000u && bitcast<u32>(x) != 0x80000000u))";
const RELU_GRADIENT: &str = "bitcast<f32>(select(bitcast<u32>(g), 0u,
    bitcast<u32>(x) == 0u || ((bitcast<u32>(x) >> 31u) == 1u && bitcast<u32>(x) <= 0xff800000u)))";

fn naive(forward: &'static str, gradient: &'static str, count: &'static str) -> Naive<'static> {
    Naive { gpu: gpu(), forward, gradient, count, parameters: [2.0, 0.0, 0.0, 0.0] }
}

/// The harness's result over a few lengths and all layouts.
fn verdict(activation: Activation, subject: &Naive<'_>) -> Result<(), String> {
    for length in [1, 2, 64, 1021, 4096] {
        for (seed, &layout) in (length as u64..).zip(Layout::ALL) {
            examine::<f32, f32>(gpu(), activation, subject, length, layout, seed)?;
        }
    }
    Ok(())
}

#[test]
fn a_right_kernel_of_another_make_passes() {
    verdict(Activation::Relu, &naive(RELU, RELU_GRADIENT, "n")).unwrap();
}

#[test]
fn wrong_values_are_caught() {
    let cases = [
        ("NaN swallowed by max", Activation::Relu, "max(x, 0.0)", RELU_GRADIENT),
        ("x * (x > 0)", Activation::Relu, "x * select(0.0, 1.0, x > 0.0)", RELU_GRADIENT),
        (
            "negative zero lost",
            Activation::Relu,
            "bitcast<f32>(select(bitcast<u32>(x), 0u, (bitcast<u32>(x) >> 31u) == 1u &&
                bitcast<u32>(x) <= 0xff800000u))",
            RELU_GRADIENT,
        ),
        (
            "one bit off",
            Activation::Relu,
            "bitcast<f32>(select(bitcast<u32>(x), bitcast<u32>(x) ^ 1u, x == 1.0))",
            RELU_GRADIENT,
        ),
        ("gradient multiplied", Activation::Relu, RELU, "g * select(0.0, 1.0, x > 0.0)"),
        (
            "gradient 1 at the kink",
            Activation::Relu,
            RELU,
            "bitcast<f32>(select(bitcast<u32>(g), 0u,
                (bitcast<u32>(x) >> 31u) == 1u && bitcast<u32>(x) <= 0xff800000u &&
                bitcast<u32>(x) != 0x80000000u))",
        ),
        ("leaky by max, slope 2", LEAKY, "max(x, p.x * x)", "g * select(p.x, 1.0, x > 0.0)"),
        (
            "elu by exp - 1",
            ELU,
            "select(exp(min(x, 0.0)) - 1.0, x, x > 0.0)",
            "g * select(exp(x), 1.0, x > 0.0)",
        ),
        ("nothing at all", ELU, "x", "g"),
    ];
    for (what, activation, forward, gradient) in cases {
        let error = verdict(activation, &naive(forward, gradient, "n"));
        let error = error.expect_err(what);
        assert!(error.contains("expected"), "{what}: {error}");
    }
}

#[test]
fn a_missing_element_is_caught() {
    let error = verdict(Activation::Relu, &naive(RELU, RELU_GRADIENT, "n - 1u")).unwrap_err();
    assert!(error.contains("expected"), "{error}");
}

/// Reliability 2.
#[test]
fn a_write_outside_is_caught() {
    let error = verdict(Activation::Relu, &naive(RELU, RELU_GRADIENT, "n + 1u")).unwrap_err();
    assert!(error.contains("wrote outside"), "{error}");
}

/// A 16-bit float is judged by the f32 results that round to it: its neighbours are wrong.
#[test]
fn a_wrong_half_is_caught() {
    fn check<T: Element>() {
        for activation in [Activation::Relu, Activation::Gelu] {
            for x in [1.5f32, 0.75, 3.0] {
                let (x, dy) = ([T::from_f32(x)], [T::from_f32(2.0)]);
                let wide = [x[0].to_f32()];
                let y = T::from_f32(reference::forward(activation, &wide)[0]);
                let dx = T::from_f32(reference::gradient(activation, &wide, &[2.0])[0]);
                let off = |value: T, by: i16| -> T {
                    let bits: u16 = bytemuck::cast(value);
                    bytemuck::cast(bits.wrapping_add_signed(by))
                };
                for by in [0, 1, -1, i16::MIN] {
                    let forward = compare_stored_values(gpu(), activation, &x, &[off(y, by)]);
                    let dx = [off(dx, by)];
                    let gradient = compare_stored_gradients(gpu(), activation, &x, &dy, &dx);
                    let found = [forward.is_ok(), gradient.is_ok()];
                    assert_eq!(found, [by == 0; 2], "{activation} of {}, {by} off", wide[0]);
                }
            }
        }
    }
    check::<f16>();
    check::<bf16>();
}
