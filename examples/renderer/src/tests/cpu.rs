//! A field on the CPU, in f64, to compare the pictures with.

use wgpu_relu::{Activation, reference};

use crate::field::Field;
use crate::view::View;

/// The picture's levels of 8 bits before they are rounded: red, green, blue and 255, row by row.
pub(super) fn levels(field: &Field, hidden: Activation, view: View, size: [u32; 2]) -> Vec<f64> {
    let step = f64::from(view.extent) / f64::from(size[0].min(size[1]));
    let place = |axis: usize, pixel: u32| {
        f64::from(view.centre[axis]) + (f64::from(pixel) + 0.5 - 0.5 * f64::from(size[axis])) * step
    };
    let mut levels = Vec::new();
    for y in 0..size[1] {
        for x in 0..size[0] {
            let colour = colour(field, hidden, [place(0, x), place(1, y)]);
            levels.extend(colour.iter().map(|value| 255.0 * value.clamp(0.0, 1.0)));
            levels.push(255.0);
        }
    }
    levels
}

fn colour(field: &Field, hidden: Activation, [u, v]: [f64; 2]) -> Vec<f64> {
    let angle = |&[across, down]: &[f32; 2]| {
        std::f64::consts::TAU * (f64::from(across) * u + f64::from(down) * v)
    };
    let angles: Vec<f64> = field.frequencies.iter().map(angle).collect();
    let mut x: Vec<f64> = angles.iter().map(|angle| angle.sin()).collect();
    x.extend(angles.iter().map(|angle| angle.cos()));
    for (index, layer) in field.layers.iter().enumerate() {
        let last = index + 1 == field.layers.len();
        let activation = if last { field.output } else { hidden };
        let unit = |(weights, &bias): (&[f32], &f32)| {
            let products = weights.iter().zip(&x).map(|(&weight, x)| f64::from(weight) * x);
            // The reference takes f32, as the operator does.
            reference::value(activation, (f64::from(bias) + products.sum::<f64>()) as f32)
        };
        x = layer.weights.chunks_exact(layer.inputs).zip(&layer.biases).map(unit).collect();
    }
    x
}
