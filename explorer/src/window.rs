//! The window, and the file that keeps the state between two starts.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use eframe::egui;
use egui_wgpu::{WgpuSetup, WgpuSetupCreateNew};
use wgpu_relu::wgpu;

use crate::app::App;
use crate::offscreen;
use crate::state::State;

/// Shows activations, and networks that learn with them.
#[derive(Parser)]
struct Arguments {
    /// The view to open instead of the last one, as text such as "tab=stories&story=dies"
    #[arg(long)]
    view: Option<String>,
    /// Write a picture of the window as a .png file, and open no window
    #[arg(long)]
    screenshot: Option<PathBuf>,
    /// Train the network of "Learn" for so many steps before the picture
    #[arg(long, default_value_t = 0)]
    steps: u64,
    /// Width and height of the picture
    #[arg(long, default_value = "1280x720")]
    size: String,
}

pub(crate) type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    let view = arguments.view.as_deref().map(State::from_text);
    let Some(path) = &arguments.screenshot else { return window(view) };
    let size = arguments
        .size
        .split_once('x')
        .and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    let size = size.filter(|size| size.iter().all(|side| (1..=4096).contains(side)));
    let size = size.ok_or_else(|| {
        format!("{:?} is no size up to 4096x4096; write 1280x720", arguments.size)
    })?;
    offscreen::save(view.unwrap_or_default(), size, arguments.steps, path)
}

fn window(view: Option<State>) -> Outcome<()> {
    let state = view
        .or_else(|| Some(State::from_text(&fs::read_to_string(file()?).ok()?)))
        .unwrap_or_default();
    let viewport = egui::ViewportBuilder::default()
        .with_inner_size([1280.0, 720.0])
        .with_min_inner_size([320.0, 320.0]);
    let mut options = eframe::NativeOptions { viewport, ..Default::default() };
    if let WgpuSetup::CreateNew(setup) = &mut options.wgpu_options.wgpu_setup {
        ask_for_all(setup);
    }
    let create: eframe::AppCreator<'_> = Box::new(move |context| {
        let render = context.wgpu_render_state.as_ref().ok_or("egui does not run on wgpu")?;
        Ok(Box::new(Window(App::new(&render.device, &render.queue, render.target_format, state))))
    });
    eframe::run_native("wgpu-relu explorer", options, create)?;
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

struct Window(App);

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.ui(ui);
    }

    fn on_exit(&mut self) {
        if let Err(error) = save(&self.0.state) {
            eprintln!("error: the view is not kept for the next start: {error}");
        }
    }
}

fn save(state: &State) -> Outcome<()> {
    let file = file().ok_or("there is no folder for settings; set HOME")?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, state.to_text())?)
}

/// In the system's folder for settings.
fn file() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        set("APPDATA")?
    } else if cfg!(target_os = "macos") {
        env::home_dir()?.join("Library/Application Support")
    } else {
        set("XDG_CONFIG_HOME").or_else(|| Some(env::home_dir()?.join(".config")))?
    };
    Some(folder.join("wgpu-relu").join("explorer.txt"))
}
