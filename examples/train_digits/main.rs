//! Teaches a network to read handwritten digits, forward and backward on the GPU.
//!
//! ```sh
//! cargo run --release --example train_digits
//! cargo run --release --example train_digits -- --activation "elu(alpha=0.5)" --init xavier --save digits.safetensors
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use demo::network::kernels::Loss;
use demo::network::text::Hidden;
use demo::network::trainer::{Pace, Trainer};
use demo::network::{IDENTITY, Network, Plan, digits, text, weights};
use indicatif::{ProgressBar, ProgressStyle};
use wgpu_relu::{Gpu, UnitMonitor};

/// Trains a multilayer perceptron on 1,797 handwritten digits of 8 × 8 pixels: four fifths to learn from, the rest to
/// test with.
#[derive(Parser)]
struct Arguments {
    /// The hidden layers' activation, with or without parameters: relu, "elu(alpha=0.5)"; or prelu, which learns its
    /// slopes
    #[arg(long, short, default_value = "relu")]
    activation: Hidden,
    /// Units of a hidden layer
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=4096))]
    width: u16,
    /// Hidden layers
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=50))]
    depth: u8,
    /// Initial weights: he, he-uniform, xavier, xavier-uniform, lecun, orthogonal, normal=STD, positive=HIGH
    #[arg(long, default_value = "he")]
    init: String,
    /// adam, or sgd with momentum
    #[arg(long, default_value = "adam")]
    optimizer: String,
    /// Learning rate, which falls evenly to 0; by default a rate that suits the optimiser
    #[arg(long)]
    rate: Option<f64>,
    /// Samples per step
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1400))]
    batch: u16,
    /// Passes over all samples
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: u16,
    /// Stop after so many steps
    #[arg(long)]
    steps: Option<u64>,
    /// Seed of the weights, the split and the order of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the weights as .safetensors
    #[arg(long)]
    save: Option<PathBuf>,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The accuracy on the test part.
fn run(arguments: &Arguments) -> Outcome<f64> {
    let (optimizer, default_rate) = text::optimizer(&arguments.optimizer)?;
    let activation = arguments.activation;
    let init = text::init(&arguments.init, activation.activation())?;
    let [train, test] = digits::load()?.split(0.8, arguments.seed);
    let mut widths = vec![digits::PIXELS];
    widths.extend(vec![usize::from(arguments.width); arguments.depth.into()]);
    widths.push(digits::CLASSES);

    let gpu = Gpu::new()?;
    let info = gpu.adapter_info();
    println!("adapter   {} ({:?}, {:?})", info.name, info.backend, info.device_type);
    let shape: Vec<_> = widths.iter().map(usize::to_string).collect();
    println!("network   {}, {activation}, weights by {}", shape.join(" -> "), arguments.init);
    println!("data      {} digits to learn from, {} to test by", train.count(), test.count());
    let plan = Plan {
        widths,
        hidden: vec![activation],
        output: IDENTITY,
        loss: Loss::CrossEntropy,
        optimizer,
        init: [init, text::init(&arguments.init, IDENTITY)?],
        bias: 0.0,
        batch: arguments.batch.into(),
        seed: arguments.seed,
    };
    let network = Network::new(&gpu, plan)?;
    let mut monitors = Vec::new();
    for layer in &network.layers[..network.layers.len() - 1] {
        monitors.push(UnitMonitor::new(&gpu, &layer.y, layer.channels(), layer.activation)?);
    }
    let pace = Pace { rate: arguments.rate.unwrap_or(default_rate), until: None };
    let mut trainer = Trainer::new(network, train, pace)?;
    let all = trainer.epoch() * u64::from(arguments.epochs);
    let steps = arguments.steps.unwrap_or(all).min(all);
    trainer.pace.until = Some(steps);

    let start = Instant::now();
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps  {msg}")?;
    let bar = ProgressBar::new(steps).with_style(style);
    for step in 1..=steps {
        trainer.step()?;
        bar.inc(1);
        if step.is_multiple_of(trainer.epoch()) || step == steps {
            let score = trainer.score()?;
            if !score.loss.is_finite() {
                return Err(
                    format!("the loss is {} after {step} steps; lower --rate", score.loss).into()
                );
            }
            bar.set_message(format!(
                "loss {:.4}, {:.1} % right",
                score.loss,
                100.0 * score.accuracy
            ));
        }
        // The last batches, for the units' report.
        if step + 20 > steps {
            monitors.iter_mut().try_for_each(UnitMonitor::observe)?;
        }
    }
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();

    println!("time      {seconds:.1} s for {steps} steps of {} samples", arguments.batch);
    for (index, monitor) in monitors.iter().enumerate() {
        println!("layer {}   {}", index + 1, monitor.report());
    }
    let network = &trainer.network;
    for (index, parts) in network.tensors(&network.parameters)?.iter().enumerate() {
        if let Some(slopes) = parts.get(2) {
            println!("slopes {}  {}", index + 1, described(slopes));
        }
    }
    let learned = trainer.score()?;
    println!("learned   loss {:.4}, {:.2} % right", learned.loss, 100.0 * learned.accuracy);
    let score = trainer.evaluate(&test)?;
    println!("tested    loss {:.4}, {:.2} % right", score.loss, 100.0 * score.accuracy);
    if let Some(path) = &arguments.save {
        weights::save(&trainer.network, &[], path)?;
        println!("saved     {}", path.display());
    }
    Ok(score.accuracy)
}

/// Mean and range.
fn described(slopes: &[f32]) -> String {
    let mean = slopes.iter().sum::<f32>() / slopes.len() as f32;
    let low = slopes.iter().copied().fold(f32::INFINITY, f32::min);
    let high = slopes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    format!("{mean:.3} on average, from {low:.3} to {high:.3}; {} at first", text::FIRST_SLOPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of a few seconds reaches an accuracy and saves its weights.
    #[test]
    fn a_short_training_learns_and_is_saved() {
        let path = std::env::temp_dir().join(format!("digits-{}.safetensors", std::process::id()));
        let mut arguments = Arguments::parse_from(["train_digits", "--steps", "110"]);
        arguments.save = Some(path.clone());
        let accuracy = run(&arguments).unwrap();
        assert!(accuracy > 0.85, "{accuracy}");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.len(), 6);
        assert_eq!(file.tensor("layers.1.weight").unwrap().shape(), [128, 128]);
        assert_eq!(file.tensor("layers.2.bias").unwrap().shape(), [10]);
    }

    #[test]
    fn mistakes_are_told() {
        for (option, value, part) in [
            ("--init", "hee", "none of he, he-uniform"),
            ("--optimizer", "lion", "neither adam nor sgd"),
            ("--rate", "1e9", "lower --rate"),
        ] {
            let arguments = ["train_digits", "--steps", "30", "--optimizer", "sgd", option, value];
            let parsed = Arguments::try_parse_from(if option == "--optimizer" {
                ["train_digits", "--steps", "30", "--seed", "0", option, value]
            } else {
                arguments
            });
            let error = run(&parsed.unwrap()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
