//! Claim: weights from N(0, 0.01) or N(0, 0.02), small positive ones, Xavier's and He's: each is said to be a good
//! start for ReLU.

use wgpu_relu::{Activation, Channels, Fan, Init};

use crate::Outcome;
use crate::plot::{Figure, Line, Panel, Scale};
use crate::setup::{Setup, Start, geometric_means, last_percent};

const DEPTHS: [usize; 2] = [2, 10];
const WIDTH: usize = 64;

fn inits() -> [(&'static str, Init); 5] {
    let normal = |std| Init::Normal { mean: 0.0, std };
    let gain = Activation::Relu.gain();
    [
        ("N(0, 0.01)", normal(0.01)),
        ("N(0, 0.02)", normal(0.02)),
        ("U(0, 0.02), all positive", Init::Uniform { low: 0.0, high: 0.02 }),
        ("Xavier", Init::XavierNormal { gain: 1.0 }),
        ("He", Init::HeNormal { fan: Fan::In, gain }),
    ]
}

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    let Setup { seeds, steps, .. } = setup;
    println!(
        "\ninitial weights of ReLU networks of {WIDTH} units a layer, mean and range of {seeds} seeds"
    );
    let mut variances = Vec::new();
    for (style, (name, init)) in inits().into_iter().enumerate() {
        let points = geometric_means(&setup.each_seed(|seed| variance(setup, init, seed))?);
        let (first, last) = (points[0].y, points[points.len() - 1].y);
        println!("  {name:<25} variance {first:.1e} after layer 1, {last:.1e} after layer 10");
        variances.push(Line::new(name, style, points));
    }
    let mut panels = vec![Panel {
        title: "Before training, 10 hidden layers".to_owned(),
        x_label: "hidden layer, from the input".to_owned(),
        y_label: "variance of the activations".to_owned(),
        scales: [Scale::Linear, Scale::Decades],
        lines: variances,
        ..Panel::default()
    }];
    for depth in DEPTHS {
        let mut lines = Vec::new();
        for (style, (name, init)) in inits().into_iter().enumerate() {
            let start = start(init, depth);
            let points = crate::accuracy::curve(setup, &start)?;
            let end = last_percent(&points);
            println!("  {depth:>2} hidden layers, {name:<25} right after {steps} steps: {end}");
            lines.push(Line::new(name, style, points));
        }
        panels.push(crate::accuracy::panel(format!("{depth} hidden layers"), lines));
    }
    let title = format!("Initial weights of ReLU networks ({seeds} seeds: mean and range)");
    Figure { title, columns: 3, size: (400, 360), panels }.save(&setup.out, "init")
}

fn start(init: Init, depth: usize) -> Start {
    Start { init, width: WIDTH, ..Start::new(Activation::Relu, depth) }
}

/// The variance of all outputs of each hidden layer, for one batch.
fn variance(setup: &Setup, init: Init, seed: u64) -> Outcome<Vec<(f64, f64)>> {
    let start = Start { rate: 0.0, batch: 256, ..start(init, DEPTHS[1]) };
    let (mut trainer, _) = setup.trainer(&start, seed)?;
    trainer.step()?;
    let layers = &trainer.network.layers;
    let mut found = Vec::new();
    for (number, layer) in (1..).zip(&layers[..layers.len() - 1]) {
        let all = setup.gpu.units(&layer.y, Channels::last(1), layer.activation)?;
        found.push((f64::from(number), all[0].variance));
    }
    Ok(found)
}
