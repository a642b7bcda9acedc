//! The room of prepared runs beside each other.

use demo::playground::stories::{self, Story};
use eframe::egui;
use wgpu_relu::{Gpu, Result};

use crate::pace::Speed;
use crate::player::{Player, Room};
use crate::run::{Run, Sizes};
use crate::surface::Surfaces;

pub(crate) struct Stories {
    gpu: Gpu,
    surfaces: Surfaces,
    stories: Vec<Story>,
    open: Option<Open>,
    player: Player,
}

/// The story that is on the screen.
struct Open {
    index: usize,
    runs: Vec<Run>,
}

impl Stories {
    pub(crate) fn new(gpu: &Gpu, surfaces: &Surfaces) -> Self {
        let player = Player::new(true, Speed::Fast);
        let (gpu, surfaces) = (gpu.clone(), surfaces.clone());
        Stories { gpu, surfaces, stories: stories::all(), open: None, player }
    }

    /// The same room on another device.
    pub(crate) fn again(&self, gpu: &Gpu, surfaces: &Surfaces) -> Result<Self> {
        let mut again = Stories::new(gpu, surfaces);
        again.player.playing = self.player.playing;
        if let Some(Open { index, runs }) = &self.open {
            let runs = runs.iter().map(|run| run.again(gpu, surfaces)).collect::<Result<_>>()?;
            again.open = Some(Open { index: *index, runs });
        }
        Ok(again)
    }

    pub(crate) fn is_busy(&self) -> bool {
        let Some(open) = &self.open else { return false };
        open.runs.iter().any(|run| run.session.is_reading()) || self.player.playing
    }

    /// Whether the figures of now bear out the text.
    pub(crate) fn holds(&self) -> bool {
        let Some(open) = &self.open else { return false };
        let figures: Option<Vec<_>> =
            open.runs.iter().map(|run| run.session.figures.clone()).collect();
        figures.is_some_and(|figures| (self.stories[open.index].holds)(&figures))
    }

    pub(crate) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        chosen: &mut Option<&'static str>,
    ) -> Result<()> {
        self.update(ui, *chosen)?;
        egui::ScrollArea::vertical()
            .show(ui, |ui| {
                ui.horizontal_wrapped(|ui| {
                    for story in &self.stories {
                        let selected = *chosen == Some(story.name);
                        if ui.selectable_label(selected, story.title).clicked() {
                            *chosen = Some(story.name);
                            (self.open, self.player.playing) = (None, true);
                        }
                    }
                });
                match &self.open {
                    Some(_) => self.show(ui),
                    None => {
                        ui.label("Choose a story. It plays in some seconds.");
                        Ok(())
                    }
                }
            })
            .inner
    }

    /// Opens the chosen story, and trains until its end.
    fn update(&mut self, ui: &egui::Ui, chosen: Option<&'static str>) -> Result<()> {
        let index = self.stories.iter().position(|story| Some(story.name) == chosen);
        if self.open.as_ref().map(|open| open.index) != index {
            self.open = None;
            if let Some(index) = index {
                let runs = self.stories[index].runs.iter();
                let runs =
                    runs.map(|run| Run::new(&self.gpu, &self.surfaces, run.settings.clone()));
                self.open = Some(Open { index, runs: runs.collect::<Result<_>>()? });
            }
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.runs.iter_mut().try_for_each(Run::poll)?;
        let reads = open.runs.iter().any(|run| run.session.is_reading());
        self.player.playing &= !self.is_at_end();
        if self.player.playing && !reads {
            let steps = self.player.steps(ui);
            self.train(steps)?;
        }
        Ok(())
    }

    fn show(&mut self, ui: &mut egui::Ui) -> Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let story = &self.stories[open.index];
        ui.heading(story.title);
        ui.label(story.text);
        if self.is_at_end() && self.holds() {
            ui.label("The figures below bear this out.");
        } else if self.is_at_end() {
            ui.colored_label(
                ui.visuals().error_fg_color,
                "On this device, the figures below do not bear this out.",
            );
        }
        let action = ui.horizontal(|ui| self.player.buttons(ui)).inner;
        let sizes = if story.steps == 0 { Sizes::Spread } else { Sizes::Gradient };
        let narrow = ui.available_width() < crate::app::NARROW;
        let show = |ui: &mut egui::Ui, index: usize| {
            let run = &open.runs[index];
            ui.strong(story.runs[index].label);
            let side = ui.available_width().clamp(120.0, 300.0);
            run.surface(ui, side);
            ui.label(run.summary());
            if story.steps > 0 {
                run.history(ui, index, 110.0);
            }
            ui.label(sizes.name());
            run.sizes(ui, index, 110.0, sizes);
            run.layers(ui);
        };
        if narrow {
            (0..open.runs.len()).for_each(|index| show(ui, index));
        } else {
            ui.columns(open.runs.len(), |columns| {
                columns.iter_mut().enumerate().for_each(|(index, ui)| show(ui, index));
            });
        }
        action.map_or(Ok(()), |action| self.act(action))
    }
}

impl Room for Stories {
    fn player(&mut self) -> &mut Player {
        &mut self.player
    }

    /// In all runs, and not beyond the end.
    fn train(&mut self, steps: u64) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let end = self.stories[open.index].steps;
        for run in &mut open.runs {
            let left = end.saturating_sub(run.session.trainer.steps);
            if left > 0 {
                run.advance(steps.min(left))?;
            }
        }
        Ok(())
    }

    fn restart(&mut self) {
        self.open = None;
        self.player.playing = true;
    }

    /// Whether all runs have their figures of the end.
    fn is_at_end(&self) -> bool {
        self.open.as_ref().is_some_and(|open| {
            let steps = self.stories[open.index].steps;
            open.runs
                .iter()
                .all(|run| run.session.history.last().is_some_and(|moment| moment.step == steps))
        })
    }
}
