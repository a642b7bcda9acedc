//! The window, drawn without a screen: clicks and drags by the names that screen readers get, pixels, and every story.

use std::time::Duration;

use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect};
use wgpu_relu::Activation;

use crate::offscreen::Offscreen;
use crate::state::{State, Tab};

fn window(text: &str) -> Offscreen {
    let mut window = Offscreen::new(State::from_text(text), [1280, 720]).unwrap();
    window.settle().unwrap();
    window
}

impl Offscreen {
    fn place(&self, label: &str) -> Rect {
        let found = self.labels.iter().find(|(text, _)| text.starts_with(label));
        found.unwrap_or_else(|| panic!("no {label:?} in {:?}", self.labels)).1
    }

    fn press(&mut self, at: Pos2, pressed: bool) {
        let button = Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![Event::PointerMoved(at), button]).unwrap();
    }

    fn click(&mut self, label: &str) {
        let at = self.place(label).center();
        self.frame(vec![Event::PointerMoved(at)]).unwrap();
        self.press(at, true);
        self.press(at, false);
    }

    fn key(&mut self, key: Key) {
        for pressed in [true, false] {
            let event = Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: Modifiers::NONE,
            };
            self.frame(vec![event]).unwrap();
        }
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|(text, _)| text.starts_with(label))
    }

    /// Draws until so many steps are taken.
    fn play_until(&mut self, steps: u64) {
        for _ in 0..20_000 {
            self.frame(Vec::new()).unwrap();
            if self.app.steps() >= steps {
                return;
            }
        }
        panic!("{} steps, not {steps}", self.app.steps());
    }

    /// Draws only frames that egui asks for, as eframe does, and returns their number.
    fn frames_until_rest(&mut self) -> u32 {
        for frames in 0..500 {
            if self.wait > Duration::from_secs(3600) {
                return frames;
            }
            self.frame(Vec::new()).unwrap();
        }
        panic!("egui asks for frames without end");
    }

    /// The share of pixels of a place that are near a colour.
    fn share(&mut self, place: Rect, colour: [u8; 3]) -> f64 {
        let bytes = self.settle().unwrap();
        let (mut near, mut all) = (0, 0);
        for y in place.top() as usize..place.bottom() as usize {
            for x in place.left() as usize..place.right() as usize {
                let pixel = &bytes[4 * (1280 * y + x)..][..3];
                near += usize::from(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 24));
                all += 1;
            }
        }
        f64::from(near as u32) / f64::from(all as u32)
    }
}

const VALUE: [u8; 3] = [41, 128, 219];

#[test]
fn the_curve_is_drawn_and_its_cursor_can_be_dragged() {
    let mut window = window("tab=look&shown=relu&bounds=-4,4,-4,4&cursor=1");
    let plot = window.place("Curves.");
    assert!(window.share(plot, VALUE) > 0.001);
    assert!(
        window
            .labels
            .iter()
            .any(|(text, _)| text.starts_with("Curves. relu: x = 1, f = 1, f' = 1"))
    );
    // The axes' labels are to the left of the curves and below them.
    let at = |window: &Offscreen, x: f64| {
        let frame = window.app.frame();
        Pos2::new(frame.left() + frame.width() * (x as f32 + 4.0) / 8.0, frame.center().y - 40.0)
    };
    let (from, to) = (at(&window, 1.0), at(&window, -2.0));
    window.press(from, true);
    window.frame(vec![Event::PointerMoved(to)]).unwrap();
    window.press(to, false);
    let cursor = window.app.state.view.cursor;
    assert!((cursor + 2.0).abs() < 0.1, "{cursor}");
    assert_eq!(
        window.app.state.view.bounds,
        [-4.0, 4.0, -4.0, 4.0],
        "the plot moved with the cursor"
    );
}

#[test]
fn a_slider_changes_the_activation_and_the_text() {
    let mut window = window("tab=look&shown=elu(alpha=1)");
    let slider = window.labels.iter().filter(|(text, _)| text == "alpha").map(|(_, place)| *place);
    // The first one is the rail, which is 100 points long, with its number and name beside it.
    let slider = slider.min_by(|a, b| a.left().total_cmp(&b.left())).unwrap();
    let at = |x: f32| Pos2::new(slider.left() + x, slider.center().y);
    window.frame(vec![Event::PointerMoved(at(60.0))]).unwrap();
    window.press(at(60.0), true);
    for x in [70.0, 80.0, 85.0, 85.0, 85.0] {
        window.frame(vec![Event::PointerMoved(at(x))]).unwrap();
    }
    window.press(at(85.0), false);
    let Activation::Elu { alpha } = window.app.state.view.shown[0] else { panic!("not elu") };
    // From -4 to 4, four times the default.
    assert!((2.0..3.5).contains(&alpha), "{alpha}: {slider:?}");
    assert!(window.app.state.to_text().contains(&format!("elu(alpha={alpha})")));
}

#[test]
fn learning_plays_by_buttons_and_keys() {
    let mut window = window("tab=learn&set=circle&rate=0.02");
    let surface = window.place("Decision surface.");
    let steps = |window: &Offscreen| window.app.steps();
    assert_eq!(steps(&window), 0);
    window.click("Step");
    window.settle().unwrap();
    assert_eq!(steps(&window), 1);
    window.click("Play");
    window.play_until(200);
    window.click("Pause");
    window.settle().unwrap();
    let stopped = steps(&window);
    // Both classes have their places on the surface.
    assert!(window.share(surface, [232, 115, 33]) > 0.1);
    assert!(window.share(surface, VALUE) > 0.2);
    assert_eq!(steps(&window), stopped, "it goes on while it pauses");
    window.click("Restart");
    window.settle().unwrap();
    assert_eq!(steps(&window), 0);
}

#[test]
fn every_story_reaches_the_end_that_its_text_says() {
    let mut window = window("tab=look");
    window.click("Stories");
    for story in demo::playground::stories::all() {
        window.settle().unwrap();
        window.click(story.title);
        window.settle().unwrap();
        assert_eq!(window.app.state.story, Some(story.name));
        assert_eq!(window.app.story(), [true, true], "{}", story.title);
        assert!(
            window.has("The figures below bear this out."),
            "{}: {:?}",
            story.title,
            window.labels
        );
        // Nothing changes any more.
        let (first, second) = (window.settle().unwrap(), window.frame(Vec::new()).unwrap());
        assert!(first == second, "{}", story.title);
    }
}

#[test]
fn keys_play_step_and_restart() {
    let mut learn = window("tab=learn&set=circle");
    learn.key(Key::S);
    learn.settle().unwrap();
    assert_eq!(learn.app.steps(), 1);
    // The second step comes while the figures of the first one are under way.
    learn.app.train(1).unwrap();
    learn.app.train(1).unwrap();
    learn.settle().unwrap();
    assert!(learn.has("Step 3: loss"), "{:?}", learn.labels);
    learn.key(Key::Space);
    assert!(learn.has("Pause"));
    learn.play_until(10);
    learn.key(Key::Space);
    learn.settle().unwrap();
    assert!(learn.has("Play"));
    learn.key(Key::R);
    learn.settle().unwrap();
    assert_eq!(learn.app.steps(), 0);

    // At its end, a story is played again.
    let mut story = window("tab=stories&story=kink");
    assert_eq!(story.app.story(), [true, true]);
    story.key(Key::Space);
    assert_eq!(story.app.story(), [false, false]);
    story.settle().unwrap();
    assert_eq!(story.app.story(), [true, true]);
}

#[test]
fn tab_moves_a_focus_that_is_seen_and_takes_the_keys() {
    let mut window = window("tab=learn&set=circle");
    let before = window.settle().unwrap();
    for name in ["Look", "Learn", "Stories", "system", "dark", "light", "Play", "Step"] {
        window.key(Key::Tab);
        assert_eq!(window.focus.as_deref(), Some(name));
        assert!(window.settle().unwrap() != before, "the focus on {name} is not seen");
    }
    // Space presses the button that has the focus, and does not play.
    window.key(Key::Space);
    window.settle().unwrap();
    assert_eq!(window.app.steps(), 1);
    assert!(window.has("Play"));
}

#[test]
fn a_window_at_rest_draws_nothing() {
    for text in ["tab=look", "tab=learn&set=circle", "tab=stories&story=weights"] {
        let mut window = window(text);
        let frames = window.frames_until_rest();
        assert!(frames < 30, "{text}: {frames}");
        if text.starts_with("tab=learn") {
            window.key(Key::Space);
            window.play_until(5);
            assert_eq!(window.wait, Duration::ZERO, "it learns only when something moves");
            window.key(Key::Space);
            let frames = window.frames_until_rest();
            assert!(frames < 30, "{frames} frames after it pauses");
        }
    }
}

#[test]
fn a_lost_device_is_told_and_training_goes_on_with_the_next_one() {
    let mut window = window("tab=learn&set=circle");
    window.app.train(40).unwrap();
    window.settle().unwrap();
    // The figures of this step are not read any more.
    window.app.train(1).unwrap();
    assert!(!window.app.is_lost());
    window.app.gpu().device().destroy();
    assert!(window.app.is_lost());
    let mut window = window.after_loss().unwrap();
    window.settle().unwrap();
    assert!(!window.app.is_lost());
    assert!(window.has("The GPU was lost.") && !window.has("Decision surface."));
    window.click("Go on with a new device");
    window.settle().unwrap();
    assert_eq!(window.app.steps(), 40);
    assert!(window.has("Step 40: loss"), "{:?}", window.labels);
    window.app.train(10).unwrap();
    window.settle().unwrap();
    let label = |window: &Offscreen| {
        window.labels.iter().find(|(text, _)| text.starts_with("Step 50")).unwrap().0.clone()
    };
    let after_loss = label(&window);
    let mut whole = self::window("tab=learn&set=circle");
    whole.app.train(50).unwrap();
    whole.settle().unwrap();
    assert_eq!(label(&whole), after_loss);
}

#[test]
fn every_room_fits_a_phone() {
    for tab in Tab::ALL {
        let state = State { tab, story: Some("kink"), ..State::default() };
        let mut window = Offscreen::new(state, [390, 844]).unwrap();
        for _ in 0..5 {
            window.frame(Vec::new()).unwrap();
        }
        for (text, place) in &window.labels {
            assert!(place.right() <= 391.0, "{tab:?}: {text:?} is cut off at {place:?}");
        }
    }
}
