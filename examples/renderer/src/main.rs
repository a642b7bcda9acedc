//! A renderer that uses the crate in its frame: it evaluates a neural field for every pixel of every frame.
//!
//! ```sh
//! cargo run --release --example renderer
//! cargo run --release --example renderer -- --activation "elu(alpha=0.5)" --mode fused --offscreen elu.png
//! ```

mod bands;
mod canvas;
mod device;
mod error;
mod field;
mod kernels;
mod look;
mod mapped;
mod network;
mod offscreen;
mod pack;
mod renderer;
mod report;
mod screen;
mod show;
mod steps;
#[cfg(test)]
mod tests;
mod timing;
mod upload;
mod view;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use wgpu_relu::Activation;

use error::Result;
use field::Field;
use look::{Look, Mode};

/// Draws a neural field: a small multilayer perceptron that computes the colour of a place from sines and cosines.
///
/// WGPU_BACKEND and WGPU_ADAPTER_NAME choose the adapter. In the window, left and right change the activation, up and
/// down change its first parameter, and m changes the mode. The mouse moves the picture. The wheel, + and - scale it,
/// and r resets it. Space stops the drift, and escape ends the program. The title shows the times of the parts of a
/// frame.
#[derive(Parser)]
struct Arguments {
    /// The hidden layers' activation, with or without parameters: relu, "elu(alpha=0.5)"; by default that of the
    /// training
    #[arg(long, short)]
    activation: Option<Activation>,
    /// How activations are computed; the picture is the same
    #[arg(long, value_enum, default_value_t = Mode::Recorded)]
    mode: Mode,
    /// A field that examples/train_field has written
    #[arg(long)]
    field: Option<PathBuf>,
    /// Draws one picture into a .png file, without a window
    #[arg(long)]
    offscreen: Option<PathBuf>,
    /// Width and height in pixels
    #[arg(long, default_value = "512x512", value_parser = size)]
    size: [u32; 2],
    /// Ends after so many frames
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "offscreen")]
    frames: Option<u64>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let field = match &arguments.field {
        Some(path) => Field::open(path)?,
        None => Field::built_in()?,
    };
    let activation = arguments.activation.unwrap_or(field.hidden);
    let look = Look { activation, mode: arguments.mode };
    match &arguments.offscreen {
        Some(path) => report::offscreen(&field, look, arguments.size, path),
        None => window::run(field, look, arguments.size, arguments.frames),
    }
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once('x').map(|(width, height)| [width.parse(), height.parse()]);
    match sides {
        Some([Ok(width), Ok(height)]) if width > 0 && height > 0 => Ok([width, height]),
        _ => Err("a size is WIDTHxHEIGHT in pixels, each 1 or more, as in 512x512".to_owned()),
    }
}
