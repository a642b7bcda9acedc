//! Claim: ReLU units die for good after too large steps or from a bad start, and units of leaky ReLU and ELU do not.
//! All learn by SGD with momentum.

use demo::network::kernels::Optimizer;
use demo::network::text::Hidden;
use demo::network::trainer::{Samples, Trainer, evaluate_watched};
use wgpu_relu::{Activation, UnitMonitor};

use crate::Outcome;
use crate::plot::{Figure, Line, Panel};
use crate::setup::{Setup, Start, last_percent, means};

const ACTIVATIONS: [Hidden; 4] = [
    Hidden::Fixed(Activation::Relu),
    Hidden::Fixed(Activation::LeakyRelu { negative_slope: 0.01 }),
    Hidden::Prelu,
    Hidden::Fixed(Activation::Elu { alpha: 1.0 }),
];

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    let Setup { seeds, steps, .. } = setup;
    println!("\nunits dead after {steps} steps, mean and range of {seeds} seeds");
    let plain = Start {
        optimizer: Optimizer::Sgd { momentum: 0.9 },
        rate: 0.02,
        ..Start::new(Activation::Relu, 2)
    };
    let (mut dead, mut right) = (Vec::new(), Vec::new());
    for (title, start) in [
        ("a rate of 0.2, ten times too high", Start { rate: 0.2, ..plain.clone() }),
        ("a rate of 0.3", Start { rate: 0.3, ..plain.clone() }),
        ("a rate of 0.02, but biases that start at -4", Start { bias: -4.0, ..plain }),
    ] {
        let (mut shares, mut accuracies) = (Vec::new(), Vec::new());
        for (style, activation) in ACTIVATIONS.into_iter().enumerate() {
            // The same weights for all: He's for ReLU.
            let start = Start { activation, ..start.clone() };
            let runs = setup.each_seed(|seed| {
                setup.watch(&start, seed, |trainer, test| {
                    let score = trainer.evaluate(test)?;
                    let diverged = if score.loss.is_finite() { 0.0 } else { 1.0 };
                    Ok([dead_share(trainer, test)?, score.accuracy, diverged])
                })
            })?;
            let column = |index: usize| {
                let run =
                    |run: &Vec<(f64, [f64; 3])>| run.iter().map(|(x, y)| (*x, y[index])).collect();
                means(&runs.iter().map(run).collect::<Vec<_>>())
            };
            let (share, accuracy) = (column(0), column(1));
            let diverged = column(2).last().map_or(0.0, |point| point.y * *seeds as f64);
            println!(
                "  {title}, {:<11} dead {}, right {}; {diverged} of {seeds} diverged to NaN",
                activation.name(),
                last_percent(&share),
                last_percent(&accuracy)
            );
            shares.push(Line::new(activation.name(), style, share));
            accuracies.push(Line::new(activation.name(), style, accuracy));
        }
        let y_label = "units dead (share)".to_owned();
        let panel = crate::accuracy::panel(title.to_owned(), shares);
        dead.push(Panel { y_label, ..panel });
        right.push(crate::accuracy::panel(String::new(), accuracies));
    }
    dead.append(&mut right);
    let title = format!("Units that give 0 for every test sample ({seeds} seeds: mean and range)");
    Figure { title, columns: 3, size: (400, 310), panels: dead }.save(&setup.out, "dead")
}

/// The share of hidden units that give 0 for all samples.
fn dead_share(trainer: &Trainer, samples: &Samples) -> Outcome<f64> {
    let network = &trainer.network;
    let hidden = &network.layers[..network.layers.len() - 1];
    let mut monitors = Vec::new();
    for layer in hidden {
        let monitor = UnitMonitor::new(&network.gpu, &layer.y, layer.channels(), layer.activation)?;
        monitors.push(monitor.window(samples.count()));
    }
    evaluate_watched(network, samples, || monitors.iter_mut().try_for_each(UnitMonitor::observe))?;
    let units: usize = hidden.iter().map(|layer| layer.outputs).sum();
    let dead: usize = monitors.iter().map(|monitor| monitor.report().dead().len()).sum();
    Ok(dead as f64 / units as f64)
}
