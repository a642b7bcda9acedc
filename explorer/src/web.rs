//! The page: the program on a canvas, its state in the address, and words where there is no GPU. web/ has the page's files.

use std::cell::RefCell;

use eframe::egui;
use eframe::web::{WebRunner, location_hash};
use egui_wgpu::WgpuSetup;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlCanvasElement, Window};
use wgpu_relu::wgpu;

use crate::app::{self, App};
use crate::labels::labels;
use crate::state::{Kept, State};
use crate::surface::ask_for_all;

/// The name of the state in the browser's storage.
const KEY: &str = "wgpu-relu-explorer";

thread_local! {
    /// What runs on the canvas. The callback of a lost device must be one that any thread could call, so it cannot own this.
    static RUNNER: RefCell<Option<WebRunner>> = const { RefCell::new(None) };
}

pub(crate) fn main() {
    std::panic::set_hook(Box::new(|panic| {
        fail(&format!("The explorer has stopped: {panic}. Reload the page."));
    }));
    wasm_bindgen_futures::spawn_local(start(None));
}

/// Opens a device, and runs the program on the page's canvas. After a loss it goes on with `app`.
async fn start(app: Option<App>) {
    match open(app).await {
        Ok(runner) => {
            RUNNER.set(Some(runner));
            show("running");
        }
        Err(error) => {
            let reason = error.as_string().unwrap_or_else(|| format!("{error:?}"));
            fail(&format!(
                "WebGPU offers no GPU ({reason}). Update the browser, or the GPU's driver."
            ));
        }
    }
}

/// The device is lost: takes the program off it, and opens the next one.
async fn restart() {
    let Some(runner) = RUNNER.take() else { return };
    let app = runner.app_mut::<Page>().and_then(|mut page| page.app.take());
    runner.destroy();
    match app {
        Some(app) if app.tells_loss() => {
            fail("WebGPU has lost the GPU again. Reload the page, or update the GPU's driver.");
        }
        app => start(app).await,
    }
}

async fn open(app: Option<App>) -> Result<WebRunner, JsValue> {
    let canvas = document().and_then(|document| document.get_element_by_id("canvas"));
    let canvas = canvas.ok_or("the page has no canvas")?.dyn_into::<HtmlCanvasElement>()?;
    let mut options = eframe::WebOptions::default();
    if let WgpuSetup::CreateNew(setup) = &mut options.wgpu_options.wgpu_setup {
        // WebGL has no compute shaders.
        setup.instance_descriptor.backends = wgpu::Backends::BROWSER_WEBGPU;
        ask_for_all(setup);
    }
    let create: eframe::AppCreator<'static> = Box::new(move |context| {
        let render = context.wgpu_render_state.as_ref().ok_or("egui does not run on wgpu")?;
        app::style(&context.egui_ctx);
        let hash = location_hash();
        let kept = || context.storage?.get_string(KEY);
        let text = if hash.len() > 1 { Some(hash[1..].to_owned()) } else { kept() };
        let query = &context.integration_info.web_info.location.query_map;
        let labels = query.contains_key("labels");
        if labels {
            context.egui_ctx.enable_accesskit();
        }
        context.egui_ctx.add_plugin(Told { labels });
        render.device.set_device_lost_callback(|_, _| wasm_bindgen_futures::spawn_local(restart()));
        let (device, queue, format) = (&render.device, &render.queue, render.target_format);
        let app = match app {
            Some(mut app) => {
                app.after_loss(device, queue, format);
                app
            }
            None => {
                let state = text.as_deref().map(State::from_text).unwrap_or_default();
                App::new(device, queue, format, state)
            }
        };
        let kept = Kept::new(&app.state);
        Ok(Box::new(Page { app: Some(app), hash, kept }))
    });
    let runner = WebRunner::new();
    runner.start(canvas, options, create).await?;
    Ok(runner)
}

struct Page {
    /// None after it was taken off a lost device.
    app: Option<App>,
    /// The address's fragment, as it was last written or read.
    hash: String,
    kept: Kept,
}

impl eframe::App for Page {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let Some(app) = &mut self.app else { return };
        let hash = location_hash();
        if hash != self.hash {
            app.state = State::from_text(hash.trim_start_matches('#'));
            self.hash = hash;
        }
        app.ui(ui);
        if let Some(text) = self.kept.changed(ui, &app.state) {
            write_hash(text);
            self.hash = location_hash();
            if let Some(storage) = frame.storage_mut() {
                storage.set_string(KEY, text.to_owned());
            }
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        app::background(visuals)
    }

    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(self)
    }
}

/// Tells screen readers what egui tells, and tests where everything is.
struct Told {
    /// With `?labels` in the address, the canvas has names and places of all widgets: the attribute `data-labels`, one line
    /// per widget with left, top, right, bottom and the name.
    labels: bool,
}

impl egui::Plugin for Told {
    fn debug_name(&self) -> &'static str {
        "told"
    }

    fn output_hook(&mut self, _context: &egui::Context, output: &mut egui::FullOutput) {
        let told = output.platform_output.events_description();
        if !told.is_empty() {
            set_text("told", &told);
        }
        if let (true, Some(update)) = (self.labels, &output.platform_output.accesskit_update) {
            let line = |(text, place): (String, egui::Rect)| {
                let [left, top, right, bottom] =
                    [place.left(), place.top(), place.right(), place.bottom()];
                format!("{left} {top} {right} {bottom} {}", text.replace('\n', " "))
            };
            let lines: Vec<_> = labels(update).into_iter().map(line).collect();
            let canvas = document().and_then(|document| document.get_element_by_id("canvas"));
            if let Some(canvas) = canvas {
                // A valid name of an attribute is never refused.
                let _ = canvas.set_attribute("data-labels", &lines.join("\n"));
            }
        }
    }
}

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Option<Document> {
    window()?.document()
}

fn set_text(id: &str, text: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        element.set_text_content(Some(text));
    }
}

/// Shows one of the page's forms: index.html has the styles of "loading", "running" and "without".
fn show(form: &str) {
    if let Some(body) = document().and_then(|document| document.body()) {
        body.set_class_name(form);
    }
}

/// Shows words and pictures instead of the program.
fn fail(text: &str) {
    set_text("message", text);
    show("without");
}

/// Changes the address without a new entry in the history.
fn write_hash(text: &str) {
    let history = window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // A browser that refuses the change shows the former state in the address.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{text}")));
    }
}
