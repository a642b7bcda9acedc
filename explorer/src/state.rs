//! What a person has chosen, as text: an argument, and the file between two starts.

use std::time::Duration;

use demo::playground::settings::Settings;
use eframe::egui::{self, ThemePreference};

use crate::look::View;

/// A room of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tab {
    #[default]
    Look,
    Learn,
    Stories,
}

impl Tab {
    pub(crate) const ALL: [Tab; 3] = [Tab::Look, Tab::Learn, Tab::Stories];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tab::Look => "look",
            Tab::Learn => "learn",
            Tab::Stories => "stories",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Tab::Look => "Look",
            Tab::Learn => "Learn",
            Tab::Stories => "Stories",
        }
    }
}

/// All choices.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) tab: Tab,
    pub(crate) theme: ThemePreference,
    pub(crate) view: View,
    pub(crate) settings: Settings,
    /// The name of the story that is open.
    pub(crate) story: Option<&'static str>,
}

impl Default for State {
    fn default() -> Self {
        State {
            tab: Tab::Look,
            theme: ThemePreference::System,
            view: View::default(),
            settings: Settings::default(),
            story: None,
        }
    }
}

/// The choices of colours, with their names.
pub(crate) const THEMES: [(ThemePreference, &str); 3] = [
    (ThemePreference::System, "system"),
    (ThemePreference::Dark, "dark"),
    (ThemePreference::Light, "light"),
];

impl State {
    /// `name=value` pairs, joined by `&`.
    pub(crate) fn to_text(&self) -> String {
        let theme = THEMES
            .iter()
            .find(|(theme, _)| *theme == self.theme)
            .map_or("system", |(_, name)| name);
        let mut pairs = vec![("tab", self.tab.name().to_owned()), ("theme", theme.to_owned())];
        pairs.extend(self.view.pairs());
        pairs.extend(self.settings.pairs());
        pairs.extend(self.story.map(|name| ("story", name.to_owned())));
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    /// The state of a text. What is missing or wrong has its default.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut state = State::default();
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            match name {
                "tab" => {
                    state.tab =
                        Tab::ALL.into_iter().find(|tab| tab.name() == value).unwrap_or_default()
                }
                "theme" => {
                    let theme = THEMES.iter().find(|(_, name)| *name == value);
                    state.theme = theme.map_or(ThemePreference::System, |(theme, _)| *theme);
                }
                "story" => {
                    let stories = demo::playground::stories::all();
                    state.story =
                        stories.iter().find(|story| story.name == value).map(|story| story.name);
                }
                _ => {
                    state.view.take(name, value);
                    state.settings.take(name, value);
                }
            }
        }
        state
    }
}

/// The least time in seconds between two writes: Safari refuses more than 100 changes of the address within 30 s.
const PAUSE: f64 = 0.5;

/// Writes the state when it has changed, to a file or an address.
pub(crate) struct Kept {
    text: String,
    written: f64,
}

impl Kept {
    pub(crate) fn new(state: &State) -> Self {
        Kept { text: state.to_text(), written: f64::NEG_INFINITY }
    }

    /// The text to write in this frame, if there is one.
    pub(crate) fn changed(&mut self, ui: &egui::Ui, state: &State) -> Option<&str> {
        let text = state.to_text();
        if text == self.text {
            return None;
        }
        let now = ui.input(|input| input.time);
        let wait = self.written + PAUSE - now;
        if wait > 0.0 {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(wait));
            return None;
        }
        (self.text, self.written) = (text, now);
        Some(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu_relu::Activation;

    #[test]
    fn a_state_survives_its_text() {
        let mut state = State {
            tab: Tab::Stories,
            theme: ThemePreference::Light,
            story: Some("kink"),
            ..State::default()
        };
        state.view.shown = vec![Activation::Gelu, Activation::Elu { alpha: 0.25 }];
        state.view.bounds = [-1e-6, 2e-6, -0.5, 1e6];
        state.view.cursor = 0.125;
        state.settings.rate = 0.3;
        let text = state.to_text();
        assert!(!text.contains([' ', '#', '"']), "{text}");
        assert_eq!(State::from_text(&text), state);
    }

    #[test]
    fn a_foreign_text_is_the_default() {
        for text in [
            "",
            "tab=home&theme=blue",
            "shown=rellu&bounds=1,2",
            "bounds=2,1,0,1&cursor=NaN&story=none&&=x=",
        ] {
            assert_eq!(State::from_text(text), State::default(), "{text}");
        }
    }
}
