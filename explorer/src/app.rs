//! The whole content of the window.

use eframe::egui;
use wgpu_relu::{Gpu, Result, wgpu};

use crate::learn::Learn;
use crate::look::Look;
use crate::player::{Player, Room};
use crate::state::{State, THEMES, Tab};
use crate::stories::Stories;
use crate::surface::Surfaces;

/// Below this width in points, as on a phone, everything is in one column.
pub(crate) const NARROW: f32 = 700.0;

/// Lets the background show through panels. On lavapipe, their fill takes half the time of a frame, because every branch of
/// egui's shader runs for each pixel.
pub(crate) fn style(context: &egui::Context) {
    context.all_styles_mut(|style| style.visuals.panel_fill = egui::Color32::TRANSPARENT);
}

/// The colour to clear the window with.
pub(crate) fn background(visuals: &egui::Visuals) -> [f32; 4] {
    let theme = if visuals.dark_mode { egui::Visuals::dark() } else { egui::Visuals::light() };
    theme.panel_fill.to_normalized_gamma_f32()
}

pub(crate) struct App {
    pub(crate) state: State,
    rooms: Rooms,
    /// After a loss: the next device, until a person goes on with it.
    next: Option<Target>,
    error: Option<String>,
}

/// A device of egui, and what draws on it.
struct Target {
    gpu: Gpu,
    surfaces: Surfaces,
}

/// What is on one device.
struct Rooms {
    look: Look,
    learn: Learn,
    stories: Stories,
}

impl Target {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, format: wgpu::TextureFormat) -> Self {
        let gpu = Gpu::from_device(device, queue);
        Target { gpu, surfaces: Surfaces::new(device, format) }
    }
}

impl Rooms {
    fn new(Target { gpu, surfaces }: &Target) -> Self {
        let (look, learn) = (Look::new(gpu), Learn::new(gpu, surfaces));
        Rooms { look, learn, stories: Stories::new(gpu, surfaces) }
    }

    /// The same rooms on another device, with what the networks had learned.
    fn again(&self, Target { gpu, surfaces }: &Target) -> Result<Self> {
        let learn = self.learn.again(gpu, surfaces)?;
        let stories = self.stories.again(gpu, surfaces)?;
        Ok(Rooms { look: Look::new(gpu), learn, stories })
    }
}

impl App {
    /// Adopts egui's device.
    pub(crate) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        format: wgpu::TextureFormat,
        state: State,
    ) -> Self {
        let rooms = Rooms::new(&Target::new(device, queue, format));
        App { state, rooms, next: None, error: None }
    }

    /// Whether the device that draws is lost. In a browser, only the device's callback tells.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn is_lost(&self) -> bool {
        self.next.as_ref().map_or_else(|| self.gpu(), |next| &next.gpu).is_lost()
    }

    /// Whether a loss is told on the screen.
    pub(crate) fn tells_loss(&self) -> bool {
        self.next.is_some()
    }

    /// Draws on another device from now on, tells that the last one is lost, and has a button to go on.
    pub(crate) fn after_loss(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        format: wgpu::TextureFormat,
    ) {
        self.next = Some(Target::new(device, queue, format));
        self.error = None;
    }

    /// Whether the next frame will differ.
    pub(crate) fn is_busy(&self) -> bool {
        if self.next.is_some() {
            return false;
        }
        match self.state.tab {
            Tab::Look => self.rooms.look.is_reading(),
            Tab::Learn => self.rooms.learn.is_busy(),
            Tab::Stories => self.rooms.stories.is_busy(),
        }
    }

    /// Whether a story is at its end, and whether its figures bear out its text.
    #[cfg(test)]
    pub(crate) fn story(&self) -> [bool; 2] {
        let at_end = self.rooms.stories.is_at_end();
        [at_end, at_end && self.rooms.stories.holds()]
    }

    /// Takes steps of the network that learns.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn train(&mut self, steps: u64) -> Result<()> {
        self.rooms.learn.train(steps)
    }

    /// Lets the network learn from the next frame on.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn play(&mut self) {
        self.rooms.learn.player().playing = true;
    }

    /// The steps of the network that learns.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn steps(&self) -> u64 {
        self.rooms.learn.steps()
    }

    /// The device of the rooms.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn gpu(&self) -> &Gpu {
        self.rooms.learn.gpu()
    }

    /// The place of the curves.
    #[cfg(test)]
    pub(crate) fn frame(&self) -> egui::Rect {
        self.rooms.look.frame()
    }

    pub(crate) fn ui(&mut self, ui: &mut egui::Ui) {
        ui.ctx().set_theme(self.state.theme);
        if self.next.is_some() {
            self.loss(ui);
            return;
        }
        egui::Panel::top("tabs").show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for tab in Tab::ALL {
                    ui.selectable_value(&mut self.state.tab, tab, tab.title());
                }
                ui.separator();
                for (theme, name) in THEMES {
                    ui.selectable_value(&mut self.state.theme, theme, name);
                }
            });
        });
        let outcome = self.keys(ui).and_then(|()| self.room(ui));
        if let Err(error) = outcome {
            self.error = Some(error.to_string());
        }
        if let Some(error) = &self.error {
            let mut open = true;
            egui::Window::new("Error").open(&mut open).show(ui.ctx(), |ui| ui.label(error));
            if !open {
                self.error = None;
            }
        }
        if self.is_busy() {
            ui.ctx().request_repaint();
        }
    }

    /// Tells of the loss, and goes on when the person wants it: a network that learns may have caused it.
    fn loss(&mut self, ui: &mut egui::Ui) {
        let mut goes_on = false;
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("The GPU was lost.");
            ui.label(
                "Its driver has reset or removed it. Networks keep what they had learned at the last figures on the screen. \
                 Steps after that are lost.",
            );
            goes_on = ui.button("Go on with a new device").clicked();
            if let Some(error) = &self.error {
                ui.colored_label(ui.visuals().error_fg_color, error);
            }
        });
        if !goes_on {
            return;
        }
        if let Some(next) = self.next.take() {
            match self.rooms.again(&next) {
                Ok(rooms) => self.rooms = rooms,
                Err(error) => (self.next, self.error) = (Some(next), Some(error.to_string())),
            }
        }
        ui.ctx().request_repaint();
    }

    fn room(&mut self, ui: &mut egui::Ui) -> Result<()> {
        let Rooms { look, learn, stories, .. } = &mut self.rooms;
        match self.state.tab {
            Tab::Look => look.ui(ui, &mut self.state.view),
            Tab::Learn => learn.ui(ui, &mut self.state.settings),
            Tab::Stories => {
                egui::CentralPanel::default()
                    .show(ui, |ui| stories.ui(ui, &mut self.state.story))
                    .inner
            }
        }
    }

    fn keys(&mut self, ui: &egui::Ui) -> Result<()> {
        let room: &mut dyn Room = match self.state.tab {
            Tab::Look => return Ok(()),
            Tab::Learn => &mut self.rooms.learn,
            Tab::Stories => &mut self.rooms.stories,
        };
        Player::key(ui).map_or(Ok(()), |action| room.act(action))
    }
}
