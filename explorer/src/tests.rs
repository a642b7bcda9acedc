//! The window, drawn without a screen: clicks and drags by the names that screen readers get, pixels, and every story.

use eframe::egui::{Event, Modifiers, PointerButton, Pos2, Rect};
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
    let at = Pos2::new(slider.left() + 85.0, slider.center().y);
    window.frame(vec![Event::PointerMoved(at)]).unwrap();
    window.press(at, true);
    window.press(at, false);
    let Activation::Elu { alpha } = window.app.state.view.shown[0] else { panic!("not elu") };
    assert!(alpha > 1.5, "{alpha}: {slider:?}");
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
    for _ in 0..20_000 {
        window.frame(Vec::new()).unwrap();
        if steps(&window) >= 200 {
            break;
        }
    }
    window.click("Pause");
    window.settle().unwrap();
    let stopped = steps(&window);
    assert!(stopped >= 200);
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
    for story in demo::playground::stories::all() {
        let mut window = window(&format!("tab=stories&story={}", story.name));
        assert_eq!(window.app.story(), [true, true], "{}", story.title);
        let told = window.labels.iter().any(|(text, _)| text == "The figures below bear this out.");
        assert!(told, "{}: {:?}", story.title, window.labels);
        // Nothing changes any more.
        let (first, second) = (window.settle().unwrap(), window.frame(Vec::new()).unwrap());
        assert!(first == second, "{}", story.title);
    }
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
