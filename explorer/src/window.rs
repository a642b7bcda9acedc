//! The window, and another one when its device is lost.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use eframe::egui;
use egui_wgpu::WgpuSetup;

use crate::app::{self, App};
use crate::file;
use crate::frames::Frames;
use crate::offscreen;
use crate::state::{Kept, State, Tab};
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
    let kept = || Some(State::from_text(&file::read()?));
    let mut state = Some(match &frames {
        Some(_) => State {
            tab: Tab::Learn,
            ..view.unwrap_or_else(|| State::from_text("layers=64:relu;64:relu"))
        },
        None => view.or_else(kept).unwrap_or_default(),
    });
    // The program outlives its windows.
    let app = Rc::new(RefCell::new(None::<App>));
    let frames = Rc::new(Cell::new(frames));
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
        let (kept_app, frames, state) = (app.clone(), frames.clone(), state.take());
        let create: eframe::AppCreator<'_> = Box::new(move |context| {
            let render = context.wgpu_render_state.as_ref().ok_or("egui does not run on wgpu")?;
            let (device, queue, format) = (&render.device, &render.queue, render.target_format);
            app::style(&context.egui_ctx);
            let egui = context.egui_ctx.clone();
            // Otherwise a window at rest would not notice the loss.
            device.set_device_lost_callback(move |_, _| egui.request_repaint());
            let mut app = match kept_app.take() {
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
            kept_app.replace(Some(app));
            Ok(Box::new(Window { app: kept_app, kept, frames }))
        });
        // egui panics when it draws on a lost device, and the loss may come at any time.
        let window = || eframe::run_native("wgpu-relu explorer", options, create);
        let closed = catch_unwind(AssertUnwindSafe(window));
        match (closed, app.borrow().as_ref().filter(|app| app.is_lost())) {
            (_, Some(app)) if app.tells_loss() => {
                return Err("the GPU was lost twice in a row; update its driver, or restart".into());
            }
            (_, Some(_)) => {}
            (Ok(outcome), None) => return Ok(outcome?),
            (Err(panic), None) => resume_unwind(panic),
        }
    }
}

struct Window {
    app: Rc<RefCell<Option<App>>>,
    /// None if the state is not kept.
    kept: Option<Kept>,
    frames: Option<Frames>,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let mut app = self.app.borrow_mut();
        let Some(app) = app.as_mut() else { return };
        if app.is_lost() {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
            return;
        }
        app.ui(ui);
        if let Some(text) = self.kept.as_mut().and_then(|kept| kept.changed(ui, &app.state)) {
            tell(file::save(text));
        }
        if let Some(frames) = &mut self.frames
            && frames.is_last(app.steps())
        {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        app::background(visuals)
    }

    fn on_exit(&mut self) {
        if let (Some(app), Some(_)) = (self.app.borrow().as_ref(), &self.kept) {
            tell(file::save(&app.state.to_text()));
        }
    }
}

fn tell(outcome: Outcome<()>) {
    if let Err(error) = outcome {
        eprintln!("error: the view is not kept for the next start: {error}");
    }
}
