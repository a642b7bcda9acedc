//! Claim: the sigmoid's gradient vanishes in a deep network, and ReLU's does not.

use wgpu_relu::{Activation, Init};

use crate::Outcome;
use crate::plot::{Figure, Line, Panel, Scale};
use crate::setup::{Setup, Start, geometric_means};

pub(crate) const ACTIVATIONS: [Activation; 5] = [
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu { negative_slope: 0.01 },
    Activation::Elu { alpha: 1.0 },
];

/// Layers with weights.
const LAYERS: usize = 20;

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    println!("\ngradients of the weights of {LAYERS} layers, before any training");
    let xavier = |_| Init::XavierNormal { gain: 1.0 };
    let panels = [
        ("Xavier's weights", &xavier as &dyn Fn(Activation) -> Init),
        ("He's weights, with each activation's gain", &Init::he),
    ]
    .map(|(title, init)| {
        let mut lines = Vec::new();
        for (style, activation) in ACTIVATIONS.into_iter().enumerate() {
            let runs = setup.each_seed(|seed| norms(setup, activation, init(activation), seed))?;
            let points = geometric_means(&runs);
            let (first, last) = (points[0].y, points[LAYERS - 1].y);
            println!(
                "  {title}, {:<11} layer 1 {first:.1e}, layer {LAYERS} {last:.1e}: a ratio of {:.1e}",
                activation.name(),
                first / last
            );
            lines.push(Line::new(activation.name(), style, points));
        }
        Ok(Panel {
            title: title.to_owned(),
            x_label: "layer, from the input".to_owned(),
            y_label: "norm of the weights' gradient".to_owned(),
            scales: [Scale::Linear, Scale::Decades],
            lines,
            ..Panel::default()
        })
    });
    let panels = panels.into_iter().collect::<Outcome<Vec<_>>>()?;
    let title = format!("Gradients in a network of {LAYERS} layers, before training");
    Figure { title, columns: 2, size: (480, 380), panels }.save(&setup.out, "gradients")
}

/// The norm of each layer's gradient for one batch.
fn norms(setup: &Setup, activation: Activation, init: Init, seed: u64) -> Outcome<Vec<(f64, f64)>> {
    let start = Start { init, rate: 0.0, batch: 256, ..Start::new(activation, LAYERS - 1) };
    let (mut trainer, _) = setup.trainer(&start, seed)?;
    // With a rate of 0, a step only computes gradients.
    trainer.step()?;
    let network = &trainer.network;
    let layers = network.tensors(&network.gradients)?;
    let norm = |values: &[f32]| values.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
    Ok((1..).zip(&layers).map(|(layer, parts)| (f64::from(layer), norm(&parts[0]))).collect())
}
