//! Measures the first use of activations, and the time that compiling ahead and caches on disk save.
//!
//! ```sh
//! cargo run --release --example cold_start
//! cargo run --release --example cold_start -- gelu "elu(alpha=0.5)"
//! ```
//!
//! Each figure is the median of several processes, because drivers keep compiled shaders within a process.

mod cache;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::{Parser, ValueEnum};
use wgpu_relu::{Activation, Gpu, GpuRelu};

/// Elements per operand: few, so that compiling takes most of the time.
const LENGTH: usize = 1 << 16;

/// Times the first use of activations: cold, compiled ahead, and from caches on disk.
#[derive(Parser)]
struct Arguments {
    /// With or without parameters: relu, "elu(alpha=0.5)"
    #[arg(default_values = ["relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "tanh"])]
    activations: Vec<Activation>,
    /// Processes of each kind
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// The way of a child process, which prints its milliseconds
    #[arg(long, hide = true)]
    only: Option<Way>,
    /// The file of the child's pipeline cache
    #[arg(long, hide = true)]
    cache: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Way {
    /// Everything is compiled at its first use
    Cold,
    /// `Gpu::prewarm` compiles everything before the first use
    Prewarm,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    /// The time of compiling ahead.
    ahead: f64,
    /// The time of the first frame, until it is done.
    first: f64,
    /// The time of a later frame.
    later: f64,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.only {
        Some(way) => only(way, &arguments),
        None => compare(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The work of a child process.
fn only(way: Way, arguments: &Arguments) -> Outcome<()> {
    let gpu = Gpu::new()?;
    let file = arguments.cache.as_deref();
    let cache = file.map(|file| cache::open(&gpu, file)).transpose()?;
    let mut times = Times::default();
    let x = gpu.upload(&vec![0.5; LENGTH])?;
    let start = Instant::now();
    if way == Way::Prewarm {
        gpu.prewarm(&arguments.activations)?;
        // Waits until the driver is done.
        gpu.download(x.slice(..4))?;
    }
    times.ahead = milliseconds(start);
    for time in [&mut times.first, &mut times.later] {
        let start = Instant::now();
        frame(&gpu, &arguments.activations, &x)?;
        *time = milliseconds(start);
    }
    if let (Some(cache), Some(file)) = (cache, file) {
        cache::save(&cache, file)?;
    }
    println!("{} {} {}", times.ahead, times.first, times.later);
    Ok(())
}

fn milliseconds(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}

/// Computes values and gradients, and waits for them.
fn frame(gpu: &Gpu, activations: &[Activation], x: &wgpu_relu::wgpu::Buffer) -> Outcome<()> {
    let mut last = None;
    for &activation in activations {
        let operator = GpuRelu::with_activation(gpu, activation)?;
        operator.apply(x)?;
        last = Some(operator.gradient(x, x)?);
    }
    if let Some(last) = last {
        gpu.download(last.slice(..4))?;
    }
    Ok(())
}

fn compare(arguments: &Arguments) -> Outcome<()> {
    let gpu = Gpu::new()?;
    let info = gpu.adapter_info();
    let names: Vec<_> = arguments.activations.iter().map(Activation::to_string).collect();
    println!("{} ({:?}); value and gradient of {}", info.name, info.backend, names.join(", "));
    println!("milliseconds, medians of {} processes\n", arguments.runs);
    let file = std::env::temp_dir().join(format!("wgpu-relu-{}.cache", std::process::id()));
    println!("| | ahead | first frame | later frame |");
    println!("| --- | ---: | ---: | ---: |");
    let row = |name: &str, times: Times| {
        println!("| {name} | {:.1} | {:.1} | {:.1} |", times.ahead, times.first, times.later);
    };
    row("cold", median(arguments, Way::Cold, None, false)?);
    row("Gpu::prewarm", median(arguments, Way::Prewarm, None, false)?);
    if cache::is_there(&gpu) {
        // The first process fills it.
        process(arguments, Way::Prewarm, Some(&file), false)?;
        row("Gpu::prewarm, pipeline cache", median(arguments, Way::Prewarm, Some(&file), false)?);
        println!("\nThe cache has {} bytes.", std::fs::metadata(&file)?.len());
        std::fs::remove_file(&file)?;
    } else {
        println!("\nThis device has no pipeline caches.");
    }
    process(arguments, Way::Cold, None, true)?;
    let times = median(arguments, Way::Cold, None, true)?;
    println!(
        "With the driver's own cache on disk, if it has one, the first frame takes {:.1}.",
        times.first
    );
    Ok(())
}

fn median(
    arguments: &Arguments,
    way: Way,
    cache: Option<&Path>,
    of_driver: bool,
) -> Outcome<Times> {
    let runs: Vec<Times> = (0..arguments.runs)
        .map(|_| process(arguments, way, cache, of_driver))
        .collect::<Outcome<_>>()?;
    let middle = |of: &dyn Fn(&Times) -> f64| {
        let mut values: Vec<_> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Ok(Times {
        ahead: middle(&|times| times.ahead),
        first: middle(&|times| times.first),
        later: middle(&|times| times.later),
    })
}

/// Runs this program once more. `of_driver`: with the driver's own cache on disk.
fn process(
    arguments: &Arguments,
    way: Way,
    cache: Option<&Path>,
    of_driver: bool,
) -> Outcome<Times> {
    let mut command = Command::new(std::env::current_exe()?);
    let way = way.to_possible_value().ok_or("no such way")?;
    command.args(["--only", way.get_name()]);
    if let Some(cache) = cache {
        command.arg("--cache").arg(cache);
    }
    command.args(arguments.activations.iter().map(Activation::to_string));
    if !of_driver {
        // The caches of Mesa and NVIDIA.
        command.env("MESA_SHADER_CACHE_DISABLE", "true").env("__GL_SHADER_DISK_CACHE", "0");
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let times: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match times[..] {
        [ahead, first, later] if output.status.success() => Ok(Times { ahead, first, later }),
        _ => Err(format!("{command:?} ended with {}", output.status).into()),
    }
}
