//! The window, the file that keeps the state between two starts, and the way back from a lost device.

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use clap::Parser;
use eframe::egui;
use egui_wgpu::WgpuSetup;

use crate::app::App;
use crate::offscreen;
use crate::state::{Kept, State};
use crate::surface::ask_for_all;

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
    /// Width and height of the picture or the window
    #[arg(long, default_value = "1280x720")]
    size: String,
    /// Train the network of "Learn" in the window for so many frames, print their rate, and close
    #[arg(long, conflicts_with = "screenshot")]
    frames: Option<u64>,
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
    let Some(path) = &arguments.screenshot else {
        let measured = arguments.frames.map(Frames::new);
        return window(view, measured, size(&arguments.size)?);
    };
    offscreen::save(view.unwrap_or_default(), size(&arguments.size)?, arguments.steps, path)
}

/// Width and height.
fn size(text: &str) -> Outcome<[u32; 2]> {
    let size = text
        .split_once('x')
        .and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    let size = size.filter(|size| size.iter().all(|side| (1..=4096).contains(side)));
    Ok(size.ok_or_else(|| format!("{text:?} is no size up to 4096x4096; write 1280x720"))?)
}

/// Opens the window. When its device is lost, it closes the window and opens another one, because egui keeps the device of a
/// window.
fn window(view: Option<State>, frames: Option<Frames>, size: [u32; 2]) -> Outcome<()> {
    let measures = frames.is_some();
    let state = if measures {
        view.or_else(|| Some(State::from_text("tab=learn&layers=64:relu;64:relu")))
    } else {
        view.or_else(|| Some(State::from_text(&fs::read_to_string(file()?).ok()?)))
    };
    let mut state = Some(state.unwrap_or_default());
    let (lost, frames) = (Rc::new(Cell::new(None::<App>)), Rc::new(Cell::new(frames)));
    loop {
        let mut options = eframe::NativeOptions {
            viewport: egui::ViewportBuilder::default()
                .with_inner_size(size.map(|side| side as f32))
                .with_min_inner_size([320.0, 320.0]),
            ..Default::default()
        };
        if let WgpuSetup::CreateNew(setup) = &mut options.wgpu_options.wgpu_setup {
            ask_for_all(setup);
        }
        let (lost_app, frames, state) = (lost.clone(), frames.clone(), state.take());
        let create: eframe::AppCreator<'_> = Box::new(move |context| {
            let render = context.wgpu_render_state.as_ref().ok_or("egui does not run on wgpu")?;
            let (device, queue, format) = (&render.device, &render.queue, render.target_format);
            let egui = context.egui_ctx.clone();
            // Otherwise a window at rest would not notice the loss.
            device.set_device_lost_callback(move |_, _| egui.request_repaint());
            let mut app = match lost_app.take() {
                Some(mut app) => {
                    app.after_loss(device, queue, format);
                    app
                }
                None => App::new(device, queue, format, state.unwrap_or_default()),
            };
            let frames = frames.take();
            if frames.is_some() {
                app.play();
            }
            let kept = (!measures).then(|| Kept::new(&app.state));
            Ok(Box::new(Window { app: Some(app), lost: lost_app, kept, frames }))
        });
        eframe::run_native("wgpu-relu explorer", options, create)?;
        match lost.take() {
            None => return Ok(()),
            Some(app) if app.tells_loss() => {
                return Err("the GPU was lost twice in a row; update its driver, or restart".into());
            }
            app => lost.set(app),
        }
    }
}

struct Window {
    /// None after it was taken off a lost device.
    app: Option<App>,
    lost: Rc<Cell<Option<App>>>,
    /// None if the state is not kept.
    kept: Option<Kept>,
    frames: Option<Frames>,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        if let Some(app) = self.app.take_if(|app| app.is_lost()) {
            self.lost.set(Some(app));
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        let Some(app) = &mut self.app else { return };
        app.ui(ui);
        if let Some(text) = self.kept.as_mut().and_then(|kept| kept.changed(ui, &app.state)) {
            tell(save(text));
        }
        if let Some(frames) = &mut self.frames
            && frames.is_last(app.steps())
        {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    fn on_exit(&mut self) {
        if let (Some(app), Some(_)) = (&self.app, &self.kept) {
            tell(save(&app.state.to_text()));
        }
    }
}

/// A measurement of frames.
struct Frames {
    left: u64,
    all: u64,
    /// The time and the steps after the first frames, in which pipelines are compiled.
    start: Option<(Instant, u64)>,
}

impl Frames {
    /// Frames that do not count.
    const FIRST: u64 = 10;

    fn new(all: u64) -> Self {
        Frames { left: all + Frames::FIRST, all, start: None }
    }

    /// Counts a frame. Prints the rate after the last one.
    fn is_last(&mut self, steps: u64) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == self.all {
            self.start = Some((Instant::now(), steps));
        }
        if self.left > 0 {
            return false;
        }
        if let Some((start, before)) = self.start.take() {
            let (seconds, all) = (start.elapsed().as_secs_f64(), self.all as f64);
            let rate = all / seconds;
            let steps = (steps - before) as f64 / all;
            println!(
                "{} frames: {rate:.1} frames per second, {steps:.1} steps per frame",
                self.all
            );
        }
        true
    }
}

fn tell(outcome: Outcome<()>) {
    if let Err(error) = outcome {
        eprintln!("error: the view is not kept for the next start: {error}");
    }
}

fn save(text: &str) -> Outcome<()> {
    let file = file().ok_or("there is no folder for settings; set HOME")?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, text)?)
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
