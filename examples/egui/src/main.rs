//! Shows an activation and its curve in an egui window, on the device that egui opened: one device, one encoder, one
//! submit.
//!
//! ```sh
//! cargo xtask egui
//! cargo xtask egui --screenshot seen.png
//! ```

mod offscreen;
mod panel;
mod plot;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use eframe::egui;
use egui_wgpu::{WgpuSetup, WgpuSetupCreateNew};
use panel::Panel;
use wgpu_relu::{Activation, wgpu};

/// Shows the curves of an activation and its derivative in an egui window.
#[derive(Parser)]
struct Arguments {
    /// With or without parameters: relu, "elu(alpha=0.5)"
    #[arg(long, short, default_value = "gelu")]
    activation: Activation,
    /// Write a picture of the window as a .png file, and open no window
    #[arg(long)]
    screenshot: Option<PathBuf>,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let Arguments { activation, screenshot } = Arguments::parse();
    let outcome = match screenshot {
        Some(path) => offscreen::save(Panel::new(activation), [640, 480], &path),
        None => window(activation),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn window(activation: Activation) -> Outcome<()> {
    let mut options = eframe::NativeOptions::default();
    if let WgpuSetup::CreateNew(setup) = &mut options.wgpu_options.wgpu_setup {
        ask_for_all(setup);
    }
    let create: eframe::AppCreator<'_> = Box::new(move |context| {
        let state = context.wgpu_render_state.as_ref().ok_or("egui does not run on wgpu")?;
        let callbacks = &mut state.renderer.write().callback_resources;
        plot::install(callbacks, &state.device, &state.queue, state.target_format, activation)?;
        Ok(Box::new(App { panel: Panel::new(activation) }))
    });
    eframe::run_native("wgpu-relu in egui", options, create)?;
    Ok(())
}

/// egui asks only for the limits of pictures. On OpenGL these include no storage buffers.
fn ask_for_all(setup: &mut WgpuSetupCreateNew) {
    setup.device_descriptor = Arc::new(|adapter| wgpu::DeviceDescriptor {
        label: Some("egui"),
        required_limits: adapter.limits(),
        ..Default::default()
    });
}

struct App {
    panel: Panel,
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.panel.ui(ui);
    }
}
