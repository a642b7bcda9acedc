//! The whole content of the window.

use eframe::egui;
use wgpu_relu::{Gpu, Result, wgpu};

use crate::learn::Learn;
use crate::look::Look;
use crate::state::{State, THEMES, Tab};
use crate::stories::Stories;
use crate::surface::Surfaces;

/// Below this width in points, as on a phone, everything is in one column.
pub(crate) const NARROW: f32 = 700.0;

pub(crate) struct App {
    pub(crate) state: State,
    look: Look,
    learn: Learn,
    stories: Stories,
    error: Option<String>,
}

impl App {
    /// Adopts egui's device.
    pub(crate) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        format: wgpu::TextureFormat,
        state: State,
    ) -> Self {
        let gpu = Gpu::from_device(device, queue);
        let surfaces = Surfaces::new(device, format);
        let learn = Learn::new(&gpu, &surfaces);
        let (look, stories) = (Look::new(&gpu), Stories::new(&gpu, &surfaces));
        App { state, look, learn, stories, error: None }
    }

    /// Whether the next frame will differ.
    pub(crate) fn is_busy(&self) -> bool {
        match self.state.tab {
            Tab::Look => self.look.is_reading(),
            Tab::Learn => self.learn.is_busy(),
            Tab::Stories => self.stories.is_busy(),
        }
    }

    /// Whether a story is at its end, and whether its figures bear out its text.
    #[cfg(test)]
    pub(crate) fn story(&self) -> [bool; 2] {
        let at_end = self.stories.is_at_end();
        [at_end, at_end && self.stories.holds()]
    }

    /// Takes steps of the network that learns.
    pub(crate) fn train(&mut self, steps: u64) -> Result<()> {
        self.learn.train(steps)
    }

    /// The steps of the network that learns.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> u64 {
        self.learn.steps()
    }

    /// The place of the curves.
    #[cfg(test)]
    pub(crate) fn frame(&self) -> egui::Rect {
        self.look.frame()
    }

    pub(crate) fn ui(&mut self, ui: &mut egui::Ui) {
        ui.ctx().set_theme(self.state.theme);
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

    fn room(&mut self, ui: &mut egui::Ui) -> Result<()> {
        match self.state.tab {
            Tab::Look => self.look.ui(ui, &mut self.state.view),
            Tab::Learn => self.learn.ui(ui, &mut self.state.settings),
            Tab::Stories => {
                egui::CentralPanel::default()
                    .show(ui, |ui| self.stories.ui(ui, &mut self.state.story))
                    .inner
            }
        }
    }

    /// Space, S and R, unless a widget has the focus: it takes the keys then.
    fn keys(&mut self, ui: &egui::Ui) -> Result<()> {
        if ui.memory(|memory| memory.focused().is_some()) {
            return Ok(());
        }
        let [space, step, restart] = [egui::Key::Space, egui::Key::S, egui::Key::R]
            .map(|key| ui.input(|input| input.key_pressed(key)));
        match self.state.tab {
            Tab::Look => {}
            Tab::Learn => {
                if space {
                    self.learn.toggle();
                }
                if restart {
                    self.learn.restart();
                }
                if step {
                    self.learn.step()?;
                }
            }
            Tab::Stories => {
                if space {
                    self.stories.toggle();
                }
                if restart {
                    self.stories.restart();
                }
                if step {
                    self.stories.step()?;
                }
            }
        }
        Ok(())
    }
}
