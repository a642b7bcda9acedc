//! The op-agnostic harness: any activation, forward and gradient, over lengths, offsets and layouts,
//! at special values, against the CPU reference, with canary words around everything that is written.
//!
//! It knows no activation by name. compare.rs has the inputs and the comparison.

use testkit::compare::{self, Worst, special_pairs};
use testkit::layout::{Layout, Subject};
use wgpu_relu::{Activation, Element, Gpu, GpuRelu, Tolerance};

use crate::{gpu, naive};

/// Runs `subject` over `length` elements of `data` in `layout`. Returns the first mistake, if there is one.
pub(crate) fn examine<X: Element, Y: Element>(
    gpu: &Gpu,
    activation: Activation,
    subject: &dyn Subject,
    length: usize,
    layout: Layout,
    seed: u64,
) -> Result<[Worst; 2], String> {
    let flushes = naive::flushes_subnormals(gpu);
    testkit::examine::examine::<X, Y>(gpu, flushes, activation, subject, length, layout, seed)
}

pub(crate) fn compare_stored_values<X: Element, Y: Element>(
    gpu: &Gpu,
    activation: Activation,
    x: &[X],
    y: &[Y],
) -> Result<Worst, String> {
    compare::stored_values(naive::flushes_subnormals(gpu), activation, x, y)
}

pub(crate) fn compare_stored_gradients<X: Element, Y: Element>(
    gpu: &Gpu,
    activation: Activation,
    x: &[X],
    dy: &[Y],
    dx: &[X],
) -> Result<Worst, String> {
    compare::stored_gradients(naive::flushes_subnormals(gpu), activation, x, dy, dx)
}

pub(crate) fn compare_values(
    gpu: &Gpu,
    activation: Activation,
    x: &[f32],
    y: &[f32],
) -> Result<Worst, String> {
    compare::values(naive::flushes_subnormals(gpu), activation, x, y)
}

pub(crate) fn compare_gradients(
    gpu: &Gpu,
    activation: Activation,
    x: &[f32],
    dy: &[f32],
    dx: &[f32],
) -> Result<Worst, String> {
    compare::gradients(naive::flushes_subnormals(gpu), activation, x, dy, dx)
}

/// The activations that `TEST_ACTIVATION=gelu,elu` names, or all: work on one activation needs the tests of that one.
pub(crate) fn chosen(all: &[Activation]) -> Vec<Activation> {
    let Ok(names) = std::env::var("TEST_ACTIVATION") else { return all.to_vec() };
    let is_chosen =
        |activation: &&Activation| names.split(',').any(|name| name == activation.name());
    let chosen: Vec<Activation> = all.iter().filter(is_chosen).copied().collect();
    assert!(!chosen.is_empty(), "TEST_ACTIVATION={names}: there is no such activation");
    chosen
}

/// Lengths around every edge: vectors of four, the shortest that takes vectors, a workgroup of each grid.
fn lengths() -> Vec<usize> {
    let mut lengths: Vec<usize> = (1..=33).collect();
    for edge in [64, 128, 256, 512, 1024, 1028, 2048, 4096, 8192] {
        lengths.extend(edge - 2..=edge + 5);
    }
    lengths.extend([4093, 65_537, 1_000_003]);
    lengths
}

/// Reliability 2, 10.
#[test]
fn every_activation_at_every_edge() {
    for activation in chosen(Activation::ALL) {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let mut worst = [Worst::default(); 2];
        for length in lengths() {
            for (index, &layout) in Layout::ALL.iter().enumerate() {
                if length > 10_000 && index % 3 != 0 {
                    continue;
                }
                let seed = (length * 8 + index) as u64;
                match examine::<f32, f32>(gpu(), activation, &operator, length, layout, seed) {
                    Ok(found) => {
                        for (worst, found) in worst.iter_mut().zip(found) {
                            if found.ulp > worst.ulp {
                                *worst = found;
                            }
                        }
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        println!("{activation}: forward {}, gradient {}", worst[0], worst[1]);
    }
}

/// Every length up to 1,025, with operands at bytes 4, 252 and 256 of their bindings, one of each in turn.
///
/// Reliability 2, 5.
#[test]
fn every_length_at_offsets_of_a_binding() {
    let relu = GpuRelu::new(gpu());
    let offsets = [1, 63, 64, 0];
    for length in 1..=1025 {
        let [x, dy, out] = [0, 1, 2].map(|operand| offsets[(length + operand) % offsets.len()]);
        let layout = Layout::Apart { x, dy, out };
        examine::<f32, f32>(gpu(), Activation::Relu, &relu, length, layout, length as u64).unwrap();
    }
}

/// All special values against all special upstream gradients, for many parameters.
#[test]
fn every_parameter_at_the_special_values() {
    for activation in chosen(&compare::wide_parameter_sweep()) {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let (x, dy) = special_pairs(activation);
        let (x_buffer, dy_buffer) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        let forward = compare_values(gpu(), activation, &x, &y);
        let gradient = compare_gradients(gpu(), activation, &x, &dy, &dx);
        for outcome in [forward, gradient] {
            outcome.unwrap_or_else(|error| panic!("{activation}: {error}"));
        }
    }
}

/// Of both signs, every 101st float of a size from 2^-12 to 2^8, where the functions bend, and every 8009th of all.
/// A largest error can be missed with larger strides: 2.1 ulp in 10^5 floats of an octave was.
#[test]
fn smooth_activations_hold_their_bounds_in_a_dense_sweep() {
    let bends = (0x3980_0000..0x4380_0000u32).step_by(101);
    let sizes = bends.chain((0..0x7f80_0000).step_by(8009));
    let x: Vec<f32> =
        sizes.flat_map(|size| [size, size | 0x8000_0000]).map(f32::from_bits).collect();
    let dy = vec![1.0f32; x.len()];
    let (x_buffer, dy_buffer) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
    for activation in chosen(&Activation::parameter_sweep()) {
        if !matches!(activation.value_tolerance(), Tolerance::Ulp(_)) {
            continue;
        }
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        let forward = compare_values(gpu(), activation, &x, &y);
        let gradient = compare_gradients(gpu(), activation, &x, &dy, &dx);
        match (forward, gradient) {
            (Ok(forward), Ok(gradient)) => {
                println!("{activation}: forward {forward}, gradient {gradient}")
            }
            (forward, gradient) => panic!("{activation}: {forward:?} {gradient:?}"),
        }
    }
}
