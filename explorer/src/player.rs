//! Play, step and restart, by buttons and by keys, for every room in which networks learn.

use eframe::egui;
use wgpu_relu::Result;

use crate::pace::{Pace, Speed};

/// Whether a room plays, and how fast.
pub(crate) struct Player {
    pub(crate) playing: bool,
    pub(crate) pace: Pace,
}

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Toggle,
    Step,
    Restart,
}

/// A room in which networks learn.
pub(crate) trait Room {
    fn player(&mut self) -> &mut Player;

    /// Takes steps at once.
    fn train(&mut self, steps: u64) -> Result<()>;

    /// Begins anew with the next frame.
    fn restart(&mut self);

    /// Whether there is nothing more to play.
    fn is_at_end(&self) -> bool {
        false
    }

    fn act(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Toggle if self.is_at_end() => {
                self.restart();
                Ok(())
            }
            Action::Toggle => {
                let player = self.player();
                player.playing = !player.playing;
                Ok(())
            }
            Action::Step => {
                self.player().playing = false;
                self.train(1)
            }
            Action::Restart => {
                self.restart();
                Ok(())
            }
        }
    }
}

impl Player {
    pub(crate) fn new(playing: bool, speed: Speed) -> Self {
        Player { playing, pace: Pace::new(speed) }
    }

    /// The buttons, and what was pressed.
    pub(crate) fn buttons(&self, ui: &mut egui::Ui) -> Option<Action> {
        let play = if self.playing { "Pause" } else { "Play" };
        let buttons = [
            (play, "Space", Action::Toggle),
            ("Step", "One step: S", Action::Step),
            ("Restart", "The same weights from the start: R", Action::Restart),
        ];
        let pressed = buttons.into_iter().filter_map(|(name, hint, action)| {
            ui.button(name).on_hover_text(hint).clicked().then_some(action)
        });
        // All buttons are drawn, and at most one is pressed.
        pressed.last()
    }

    /// What a key asks for, unless a widget has the focus: it takes the keys then.
    pub(crate) fn key(ui: &egui::Ui) -> Option<Action> {
        if ui.memory(|memory| memory.focused().is_some()) {
            return None;
        }
        let keys = [
            (egui::Key::Space, Action::Toggle),
            (egui::Key::S, Action::Step),
            (egui::Key::R, Action::Restart),
        ];
        let pressed = |&(key, _): &(egui::Key, Action)| ui.input(|input| input.key_pressed(key));
        keys.into_iter().find(pressed).map(|(_, action)| action)
    }

    /// The steps to take in this frame.
    pub(crate) fn steps(&mut self, ui: &egui::Ui) -> u64 {
        self.pace.steps(ui.input(|input| input.unstable_dt).into())
    }
}
