//! Teaches a network a picture, place by place: a neural field.
//!
//! ```sh
//! cargo run --release --example train_field -- --preview seen.png
//! cargo run --release --example train_field -- --picture mine.png --save mine.safetensors
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use demo::network::kernels::{Loss, Optimizer};
use demo::network::text::Hidden;
use demo::network::trainer::{Pace, Samples, Trainer, evaluate};
use demo::network::weights::Extra;
use demo::network::{Network, Plan, text, weights};
use demo::picture::Picture;
use indicatif::{ProgressBar, ProgressStyle};
use wgpu_relu::{Activation, Draw, Gpu, Init};

/// Fits a small multilayer perceptron to a picture: it computes the colour of a place from sines and cosines of random
/// frequencies (Tancik et al., 2020). Writes the weights as .safetensors.
#[derive(Parser)]
struct Arguments {
    /// A .png file of at most 512 × 512 pixels; by default a picture that the program makes
    #[arg(long)]
    picture: Option<PathBuf>,
    /// The file for the weights
    #[arg(long, default_value = "field.safetensors")]
    save: PathBuf,
    /// Write the network's picture
    #[arg(long)]
    preview: Option<PathBuf>,
    /// The hidden layers' activation, with or without parameters: relu, "elu(alpha=0.5)"
    #[arg(long, short, default_value = "gelu")]
    activation: Activation,
    /// Units of a hidden layer
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    width: u16,
    /// Hidden layers
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    depth: u8,
    /// Random frequencies; the network gets a sine and a cosine of each
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    frequencies: u16,
    /// Standard deviation of the frequencies, in turns across the picture
    #[arg(long, default_value_t = 4.0)]
    scale: f32,
    /// Pixels per step
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=16384))]
    batch: u16,
    /// Steps
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Learning rate, which falls evenly to 0
    #[arg(long, default_value_t = 0.01)]
    rate: f64,
    /// Seed of the weights, the frequencies and the order of the pixels
    #[arg(long, default_value_t = 0)]
    seed: u64,
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

/// The peak signal-to-noise ratio, in decibels.
fn run(arguments: &Arguments) -> Outcome<f64> {
    let picture = match &arguments.picture {
        Some(path) => Picture::open(path)?,
        None => Picture::made(128, 128),
    };
    let frequencies = frequencies(arguments)?;
    let samples = samples(&picture, &frequencies);
    let batch = usize::from(arguments.batch).min(samples.count());
    let activation = arguments.activation;
    let mut widths = vec![samples.widths[0]];
    widths.extend(vec![usize::from(arguments.width); arguments.depth.into()]);
    widths.push(3);
    let gpu = Gpu::new()?;
    let info = gpu.adapter_info();
    let shape: Vec<_> = widths.iter().map(usize::to_string).collect();
    println!("adapter   {} ({:?}, {:?})", info.name, info.backend, info.device_type);
    println!("picture   {} x {} pixels", picture.width, picture.height);
    println!("network   {}, {activation}, then sigmoid", shape.join(" -> "));
    let plan = Plan {
        widths,
        hidden: vec![Hidden::Fixed(activation)],
        output: Activation::Sigmoid,
        loss: Loss::SquaredError,
        optimizer: Optimizer::Adam,
        init: [text::init("he", activation)?, text::init("xavier", Activation::Sigmoid)?],
        bias: 0.0,
        batch,
        seed: arguments.seed,
    };
    let pace = Pace { rate: arguments.rate, until: Some(arguments.steps) };
    let mut trainer = Trainer::new(Network::new(&gpu, plan)?, samples.clone(), pace)?;

    let start = Instant::now();
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps  {msg}")?;
    let bar = ProgressBar::new(arguments.steps).with_style(style);
    for step in 1..=arguments.steps {
        trainer.step()?;
        bar.inc(1);
        if step.is_multiple_of(trainer.epoch()) {
            let loss = trainer.score()?.loss;
            if !loss.is_finite() {
                return Err(format!("the loss is {loss} after {step} steps; lower --rate").into());
            }
            bar.set_message(format!("{:.1} dB", decibels(loss)));
        }
    }
    bar.finish_and_clear();
    let (score, outputs) = evaluate(&trainer.network, &samples)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("time      {seconds:.1} s for {} steps of {batch} pixels", arguments.steps);
    println!("fit       {:.2} dB", decibels(score.loss));
    let turns =
        Extra { name: "frequencies", shape: [frequencies.len() / 2, 2], values: &frequencies };
    weights::save(&trainer.network, &[turns], &arguments.save)?;
    println!("saved     {}", arguments.save.display());
    if let Some(path) = &arguments.preview {
        Picture { values: outputs, ..picture }.save(path)?;
        println!("seen      {}", path.display());
    }
    Ok(decibels(score.loss))
}

/// The ratio of the largest possible square, 1, to the mean square of the differences.
fn decibels(loss: f64) -> f64 {
    -10.0 * loss.log10()
}

/// Random frequencies, two numbers each: across and down.
fn frequencies(arguments: &Arguments) -> Outcome<Vec<f32>> {
    let shape = [arguments.frequencies.into(), 2];
    let mut values = vec![0.0; 2 * shape[0]];
    let normal = Init::Normal { mean: 0.0, std: arguments.scale };
    // An offset after those of the network's own draws.
    normal.fill_drawn(&mut values, &shape, Draw { seed: arguments.seed, offset: 1 << 48 })?;
    Ok(values)
}

/// For each pixel, the sines and then the cosines of its centre's turns, and its colour. The centre of a pixel is at
/// (x + 1/2) / width and (y + 1/2) / height.
fn samples(picture: &Picture, frequencies: &[f32]) -> Samples {
    let mut inputs = Vec::new();
    for y in 0..picture.height {
        for x in 0..picture.width {
            let (u, v) =
                ((x as f32 + 0.5) / picture.width as f32, (y as f32 + 0.5) / picture.height as f32);
            let angle = |f: &[f32]| std::f32::consts::TAU * (f[0] * u + f[1] * v);
            inputs.extend(frequencies.chunks(2).map(|f| angle(f).sin()));
            inputs.extend(frequencies.chunks(2).map(|f| angle(f).cos()));
        }
    }
    Samples { inputs, targets: picture.values.clone(), widths: [frequencies.len(), 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_training_fits_a_picture_and_saves_what_it_has_seen() {
        let folder = std::env::temp_dir().join(format!("field-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("picture.png");
        Picture::made(40, 24).save(&path).unwrap();
        let mut arguments = Arguments::parse_from(["train_field", "--steps", "400"]);
        arguments.picture = Some(path);
        arguments.save = folder.join("field.safetensors");
        arguments.preview = Some(folder.join("seen.png"));
        arguments.batch = 320;
        let fit = run(&arguments).unwrap();
        assert!(fit > 22.0, "{fit} dB");
        let bytes = std::fs::read(&arguments.save).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("frequencies").unwrap().shape(), [32, 2]);
        assert_eq!(file.tensor("layers.0.weight").unwrap().shape(), [32, 64]);
        assert_eq!(file.tensor("layers.2.weight").unwrap().shape(), [3, 32]);
        let seen = Picture::open(arguments.preview.as_ref().unwrap()).unwrap();
        let made = Picture::made(40, 24);
        let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
        let squares: f64 = seen.values.iter().zip(&made.values).map(square).sum();
        let again = decibels(squares / made.values.len() as f64);
        assert!((again - fit).abs() < 0.5, "{again} dB of the file, {fit} dB of the outputs");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
