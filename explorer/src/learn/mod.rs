//! The room of one network: choices, training, and what is seen of it.

mod choices;

use demo::playground::sets::{Point, Set};
use demo::playground::settings::{PAINTED, Settings};
use eframe::egui;
use wgpu_relu::{Gpu, Result};

use crate::pace::Speed;
use crate::player::{Player, Room};
use crate::run::{Run, Sizes};
use crate::surface::Surfaces;

pub(crate) struct Learn {
    gpu: Gpu,
    surfaces: Surfaces,
    run: Option<Run>,
    player: Player,
    /// The class that a click paints.
    brush: u8,
}

impl Learn {
    pub(crate) fn new(gpu: &Gpu, surfaces: &Surfaces) -> Self {
        let (gpu, surfaces) = (gpu.clone(), surfaces.clone());
        Learn { gpu, surfaces, run: None, player: Player::new(false, Speed::Normal), brush: 0 }
    }

    /// The same room on another device.
    pub(crate) fn again(&self, gpu: &Gpu, surfaces: &Surfaces) -> Result<Self> {
        let run = self.run.as_ref().map(|run| run.again(gpu, surfaces)).transpose()?;
        Ok(Learn { run, brush: self.brush, ..Learn::new(gpu, surfaces) })
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn steps(&self) -> u64 {
        self.run.as_ref().map_or(0, |run| run.session.trainer.steps)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.player.playing || self.run.as_ref().is_some_and(|run| run.session.is_reading())
    }

    pub(crate) fn ui(&mut self, ui: &mut egui::Ui, settings: &mut Settings) -> Result<()> {
        self.update(ui, settings)?;
        if ui.available_width() < crate::app::NARROW {
            egui::ScrollArea::vertical()
                .show(ui, |ui| -> Result<()> {
                    self.controls(ui, settings)?;
                    self.pictures(ui, settings);
                    choices::ui(ui, settings);
                    Ok(())
                })
                .inner
        } else {
            let shown = egui::Panel::left("learn").default_size(300.0).show(ui, |ui| {
                let shown = egui::ScrollArea::vertical().show(ui, |ui| {
                    self.controls(ui, settings)?;
                    choices::ui(ui, settings);
                    Ok(())
                });
                shown.inner
            });
            egui::CentralPanel::default().show(ui, |ui| {
                egui::ScrollArea::vertical().show(ui, |ui| self.pictures(ui, settings))
            });
            shown.inner
        }
    }

    /// Trains, and makes a new network if a choice has changed.
    fn update(&mut self, ui: &egui::Ui, settings: &Settings) -> Result<()> {
        let run = match &mut self.run {
            Some(run) if run.session.settings == *settings => run,
            run => run.insert(Run::new(&self.gpu, &self.surfaces, settings.clone())?),
        };
        run.poll()?;
        if self.player.playing && !run.session.is_reading() {
            run.advance(self.player.steps(ui))?;
        }
        Ok(())
    }

    fn controls(&mut self, ui: &mut egui::Ui, settings: &mut Settings) -> Result<()> {
        let mut outcome = Ok(());
        ui.horizontal_wrapped(|ui| {
            if let Some(action) = self.player.buttons(ui) {
                outcome = self.act(action);
            }
            if ui.button("New seed").on_hover_text("Other weights and points").clicked() {
                settings.seed = settings.seed.wrapping_add(1);
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.label("Speed");
            for speed in Speed::ALL {
                ui.radio_value(&mut self.player.pace.speed, speed, speed.name());
            }
        });
        outcome
    }

    fn pictures(&mut self, ui: &mut egui::Ui, settings: &mut Settings) {
        let Some(run) = &self.run else { return };
        ui.label(run.summary());
        let side = ui.available_width().clamp(160.0, 360.0);
        let narrow = ui.available_width() < 2.0 * side;
        let surface = |ui: &mut egui::Ui| run.surface(ui, side);
        let charts = |ui: &mut egui::Ui| {
            run.history(ui, "learn", 0.48 * side);
            ui.label(Sizes::Gradient.name());
            run.sizes(ui, "learn", 0.4 * side, Sizes::Gradient);
        };
        let (response, plane) = if narrow {
            let shown = surface(ui);
            charts(ui);
            shown
        } else {
            let shown = ui.horizontal(|ui| {
                let shown = surface(ui);
                ui.vertical(charts);
                shown
            });
            shown.inner
        };
        if let (true, Some(at)) = (response.clicked() || response.dragged(), plane) {
            paint(settings, at, self.brush);
        }
        ui.horizontal_wrapped(|ui| {
            ui.label("Paint on the surface:");
            ui.radio_value(&mut self.brush, 0, "orange");
            ui.radio_value(&mut self.brush, 1, "blue");
            if ui.button("Clear").on_hover_text("Take all painted points away").clicked() {
                settings.painted.clear();
            }
        });
        run.layers(ui);
    }
}

impl Room for Learn {
    fn player(&mut self) -> &mut Player {
        &mut self.player
    }

    fn train(&mut self, steps: u64) -> Result<()> {
        self.run.as_mut().map_or(Ok(()), |run| run.advance(steps))
    }

    fn restart(&mut self) {
        self.run = None;
    }
}

/// The least distance between two painted points, so that a stroke does not fill the set.
const APART: f32 = 0.05;

/// Adds a point, and makes the painted points the set.
fn paint(settings: &mut Settings, at: [f32; 2], class: u8) {
    let near = |point: &Point| (point.at[0] - at[0]).hypot(point.at[1] - at[1]) < APART;
    let inside = at.iter().all(|part| part.abs() <= 1.0);
    if inside && settings.painted.len() < PAINTED && !settings.painted.iter().any(near) {
        settings.set = Set::Painted;
        settings.painted.push(Point { at, class });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painted_points_are_apart_and_few() {
        let mut settings = Settings::default();
        paint(&mut settings, [0.0; 2], 1);
        paint(&mut settings, [0.01; 2], 0);
        paint(&mut settings, [1.5, 0.0], 0);
        assert_eq!(settings.set, Set::Painted);
        assert_eq!(settings.painted, [Point { at: [0.0; 2], class: 1 }]);
        for index in 0..1000 {
            paint(
                &mut settings,
                [(index % 32) as f32 / 16.0 - 1.0, (index / 32) as f32 / 16.0 - 1.0],
                0,
            );
        }
        assert_eq!(settings.painted.len(), PAINTED);
    }
}
