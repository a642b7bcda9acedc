//! Plots every activation and its derivative, as the device computes them.

use wgpu_relu::{Activation, GpuRelu};

use crate::Outcome;
use crate::plot::{Figure, Line, Panel};
use crate::setup::Setup;

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    let x: Vec<f32> = (-60..=60).map(|i| i as f32 / 12.0).collect();
    let gpu = &setup.gpu;
    let (x_buffer, ones) = (gpu.upload(&x)?, gpu.upload(&vec![1.0; x.len()])?);
    let mut panels = Vec::new();
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu, activation)?;
        let y = gpu.download(&operator.apply(&x_buffer)?)?;
        let slope = gpu.download(&operator.gradient(&x_buffer, &ones)?)?;
        let points = |values: &[f32]| -> Vec<(f64, f64)> {
            x.iter().zip(values).map(|(&x, &y)| (x.into(), y.into())).collect()
        };
        panels.push(Panel {
            title: activation.to_string(),
            y_range: Some([-2.2, 4.2]),
            lines: vec![
                Line::plain("f(x)", 0, &points(&y)),
                Line::plain("f'(x)", 4, &points(&slope)),
            ],
            ..Panel::default()
        });
    }
    println!("\n{} activations and their derivatives", panels.len());
    let title = "Activations and their derivatives over x".to_owned();
    Figure { title, columns: 5, size: (210, 170), panels }.save(&setup.out, "curves")
}
