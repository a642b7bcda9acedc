//! The plot of f and f', with its cursor.

use eframe::egui;
use egui_plot::{Legend, Line, LineStyle, PlotBounds, PlotPoints, PlotTransform, VLine};

use super::samples::Samples;
use super::{BOUNDS, View};

/// The narrowest and the widest view, and the farthest place.
const NARROWEST: f64 = 1e-6;
pub(super) const FAR: f64 = 1e6;

/// One colour per activation.
const COLOURS: [[u8; 3]; super::MOST] = [
    [41, 128, 219],
    [232, 115, 33],
    [46, 160, 67],
    [190, 80, 190],
    [200, 160, 20],
    [120, 120, 130],
];

/// How far from the cursor a drag still takes it, in points.
const GRIP: f32 = 10.0;

#[derive(Default)]
pub(super) struct Plot {
    /// Of the last frame.
    transform: Option<PlotTransform>,
    /// The view has been set by other means than the plot.
    moved: bool,
    /// The bounds that the plot showed last.
    shown: Option<[f64; 4]>,
}

/// Whether left, right, bottom and top make a view.
pub(super) fn is_valid([left, right, bottom, top]: [f64; 4]) -> bool {
    let side = |low: f64, high: f64| {
        low.abs() <= 2.0 * FAR
            && high.abs() <= 2.0 * FAR
            && high - low >= NARROWEST
            && high - low <= 4.0 * FAR
    };
    side(left, right) && side(bottom, top)
}

/// Bounds within the limits, around the same middle if that is possible.
fn within([left, right, bottom, top]: [f64; 4]) -> [f64; 4] {
    let side = |low: f64, high: f64| {
        let half = (0.5 * (high - low)).clamp(0.5 * NARROWEST * (1.0 + 1e-9), FAR);
        let middle = (0.5 * (low + high)).clamp(half - 2.0 * FAR, 2.0 * FAR - half);
        // Near 1e6, the narrowest view is narrower than the steps of f64 allow to compare.
        (middle - half, middle + half)
    };
    let ((left, right), (bottom, top)) = (side(left, right), side(bottom, top));
    [left, right, bottom, top]
}

/// Buttons and fields that the mouse and the keyboard can reach.
pub(super) fn controls(ui: &mut egui::Ui, view: &mut View, plot: &mut Plot) {
    ui.horizontal_wrapped(|ui| {
        let label = ui.label("Cursor x");
        let speed = 0.005 * (view.bounds[1] - view.bounds[0]);
        let field =
            egui::DragValue::new(&mut view.cursor).speed(speed).range(-FAR..=FAR).max_decimals(9);
        ui.add(field).labelled_by(label.id);
        for (name, factor) in [("Zoom in", 0.5), ("Zoom out", 2.0)] {
            if ui.button(name).on_hover_text("Around the cursor").clicked() {
                view.bounds = zoomed(view.bounds, view.cursor, factor);
                plot.moved = true;
            }
        }
        if ui.button("Reset view").on_hover_text("From -5 to 5").clicked() {
            view.bounds = BOUNDS;
            plot.moved = true;
        }
    });
}

/// Closer to the cursor, or farther from it.
fn zoomed([left, right, bottom, top]: [f64; 4], cursor: f64, factor: f64) -> [f64; 4] {
    let x = cursor.clamp(left, right);
    let y = 0.0_f64.clamp(bottom, top);
    let side = |side: f64, middle: f64| middle + factor * (side - middle);
    within([side(left, x), side(right, x), side(bottom, y), side(top, y)])
}

impl Plot {
    #[cfg(test)]
    pub(super) fn frame(&self) -> egui::Rect {
        self.transform.as_ref().map_or(egui::Rect::NOTHING, |transform| *transform.frame())
    }

    pub(super) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        view: &mut View,
        samples: &Samples,
        height: f32,
    ) {
        let holds = self.drag_cursor(ui, view);
        let set = (self.moved || self.shown != Some(view.bounds)).then_some(view.bounds);
        self.moved = false;
        let plot = egui_plot::Plot::new("curves")
            .height(height)
            .legend(Legend::default())
            .allow_drag(!holds)
            .allow_boxed_zoom(!holds)
            .allow_double_click_reset(false)
            .auto_bounds([false, false])
            .x_axis_label("x");
        let cursor = view.cursor;
        let shown = plot.show(ui, |plot| {
            if let Some([left, right, bottom, top]) = set {
                plot.set_plot_bounds(PlotBounds::from_min_max([left, bottom], [right, top]));
            }
            for (index, curve) in samples.curves().iter().enumerate() {
                let [r, g, b] = COLOURS[index % COLOURS.len()];
                let colour = egui::Color32::from_rgb(r, g, b);
                let points = |values: &[f32]| -> PlotPoints<'static> {
                    let pairs = curve.x.iter().zip(values).filter(|(_, y)| y.is_finite());
                    pairs.map(|(&x, &y)| [f64::from(x), f64::from(y)]).collect()
                };
                let name = curve.activation.to_string();
                plot.line(
                    Line::new(format!("{name} '"), points(&curve.slope))
                        .color(colour)
                        .style(LineStyle::dashed_loose()),
                );
                plot.line(Line::new(name, points(&curve.value)).color(colour).width(2.0));
            }
            plot.vline(VLine::new("cursor", cursor).color(egui::Color32::GRAY));
        });
        // What a person did with the plot in this frame is in the transform.
        let after = shown.transform.bounds();
        let after = [after.min()[0], after.max()[0], after.min()[1], after.max()[1]];
        if after != view.bounds && set.is_none() {
            view.bounds = within(after);
            self.moved = view.bounds != after;
        }
        self.shown = Some(view.bounds);
        self.transform = Some(shown.transform);
        let label = self.label(samples, view.cursor);
        let response = shown.response;
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::accesskit::Role::Canvas,
                true,
                format!("Curves. {label}"),
            )
        });
        let place = response.rect.left_top() + egui::vec2(60.0, 8.0);
        let colour = ui.visuals().text_color();
        ui.painter().text(
            place,
            egui::Align2::LEFT_TOP,
            label,
            egui::FontId::monospace(13.0),
            colour,
        );
    }

    /// f and f' at the cursor, as the device has computed them.
    fn label(&self, samples: &Samples, cursor: f64) -> String {
        let lines = samples.curves().iter().filter_map(|curve| {
            let at = curve.nearest(cursor)?;
            let (x, value, slope) = (curve.x[at], curve.value.get(at)?, curve.slope.get(at)?);
            Some(format!("{}: x = {x}, f = {value}, f' = {slope}", curve.activation.name()))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Moves the cursor with the pointer, if the pointer was pressed on it. Returns whether it does.
    fn drag_cursor(&self, ui: &egui::Ui, view: &mut View) -> bool {
        let Some(transform) = &self.transform else { return false };
        let (down, origin, position) = ui.input(|input| {
            (
                input.pointer.primary_down(),
                input.pointer.press_origin(),
                input.pointer.interact_pos(),
            )
        });
        let (Some(origin), Some(position)) = (origin, position) else { return false };
        let held =
            ui.data(|data| data.get_temp::<bool>(ui.scope_id().with("cursor"))).unwrap_or(false);
        let on_cursor = || {
            let near = (transform.position_from_point_x(view.cursor) - origin.x).abs() <= GRIP;
            near && transform.frame().contains(origin)
        };
        let holds = down && (held || on_cursor());
        ui.data_mut(|data| data.insert_temp(ui.scope_id().with("cursor"), holds));
        if holds {
            view.cursor = transform.value_from_position(position).x.clamp(-FAR, FAR);
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_ends_at_the_limits() {
        let mut near = BOUNDS;
        let mut far = BOUNDS;
        for _ in 0..60 {
            near = zoomed(near, 1.0, 0.5);
            far = zoomed(far, 1.0, 2.0);
            assert!(is_valid(near), "{near:?}");
            assert!(is_valid(far), "{far:?}");
        }
        assert!(near[1] - near[0] < 1.1e-6, "{near:?}");
        assert!(far[1] - far[0] > 1.9e6, "{far:?}");
    }
}
