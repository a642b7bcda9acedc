//! One network on the screen: its session, and the pictures of it.

use demo::network::watch::is_saturated;
use demo::playground::session::{REACH, Session};
use demo::playground::settings::Settings;
use eframe::egui;
use egui_plot::{Bar, BarChart, Line, Plot, PlotPoints};
use wgpu_relu::{Gpu, Result};

use crate::surface::{Picture, Surfaces};

/// Pictures of units per row.
const COLUMNS: usize = 16;

pub(crate) struct Run {
    pub(crate) session: Session,
    surface: Picture,
    /// Of the hidden layers.
    units: Vec<Picture>,
}

impl Run {
    pub(crate) fn new(gpu: &Gpu, surfaces: &Surfaces, settings: Settings) -> Result<Self> {
        Run::of(Session::new(gpu, settings)?, surfaces)
    }

    /// The same network on another device, after the step of the last figures.
    pub(crate) fn again(&self, gpu: &Gpu, surfaces: &Surfaces) -> Result<Self> {
        Run::of(self.session.again(gpu)?, surfaces)
    }

    fn of(mut session: Session, surfaces: &Surfaces) -> Result<Self> {
        session.look()?;
        let last = session.grid.outputs.len() - 1;
        let surface = surfaces.picture(&session.grid, last, 0);
        let units =
            (0..last).map(|layer| surfaces.picture(&session.grid, layer, COLUMNS)).collect();
        Ok(Run { session, surface, units })
    }

    /// Takes figures that have arrived. While some are under way, no further steps should be submitted.
    pub(crate) fn poll(&mut self) -> Result<()> {
        self.session.poll().map(drop)
    }

    /// Submits steps, and what is seen after them.
    pub(crate) fn advance(&mut self, steps: u64) -> Result<()> {
        (0..steps).try_for_each(|_| self.session.step())?;
        self.session.look()
    }

    /// The decision surface with the points. Returns the response, and where the pointer is on the plane.
    pub(crate) fn surface(
        &self,
        ui: &mut egui::Ui,
        side: f32,
    ) -> (egui::Response, Option<[f32; 2]>) {
        let (place, response) =
            ui.allocate_exact_size(egui::Vec2::splat(side), egui::Sense::click_and_drag());
        self.surface.draw(ui, place);
        let at = |[x, y]: [f32; 2]| place.center() + egui::vec2(x, -y) * (0.5 * side / REACH);
        for point in &self.session.points {
            let colour = if point.class == 0 {
                egui::Color32::from_rgb(160, 60, 0)
            } else {
                egui::Color32::from_rgb(0, 50, 120)
            };
            if place.contains(at(point.at)) {
                // egui draws a disc as a picture of two triangles. A stroke around it would take a hundred.
                ui.painter().circle_filled(at(point.at), 3.2, egui::Color32::WHITE);
                ui.painter().circle_filled(at(point.at), 2.5, colour);
            }
        }
        let told = self.summary();
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::accesskit::Role::Image,
                true,
                format!("Decision surface. {told}"),
            )
        });
        let plane = response.interact_pointer_pos().map(|position| {
            let from = (position - place.center()) * (2.0 * REACH / side);
            [from.x, -from.y]
        });
        (response, plane)
    }

    /// Steps, loss and accuracy in words.
    pub(crate) fn summary(&self) -> String {
        match &self.session.figures {
            None => "not yet computed".to_owned(),
            Some(figures) => {
                let step = self.session.history.last().map_or(0, |moment| moment.step);
                let percent = 100.0 * figures.score.accuracy;
                format!("Step {step}: loss {:.4}, accuracy {percent:.1} %", figures.score.loss)
            }
        }
    }

    /// Each hidden layer: its units as pictures, dead ones crossed out and saturated ones framed, with their counts.
    pub(crate) fn layers(&self, ui: &mut egui::Ui) {
        for (index, picture) in self.units.iter().enumerate() {
            let layer = self.session.figures.as_ref().map(|figures| &figures.layers[index]);
            let activation = self.session.settings.layers[index].activation;
            let (dead, saturated) = layer.map_or((0, 0), |layer| (layer.dead(), layer.saturated()));
            let told = format!(
                "Layer {}, {activation}: {} units, {dead} dead, {saturated} saturated",
                index + 1,
                picture.units
            );
            ui.label(&told).on_hover_text(
                "Dead: 0 for every point. Saturated: 95 % of the outputs at a bound.",
            );
            let cell = (ui.available_width() / COLUMNS as f32).min(36.0);
            let rows = picture.units.div_ceil(COLUMNS);
            let size = egui::vec2(COLUMNS as f32, rows as f32) * cell;
            let (place, response) = ui.allocate_exact_size(size, egui::Sense::hover());
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &told)
            });
            picture.draw(ui, place);
            for (unit, figures) in layer.iter().flat_map(|layer| layer.units.iter().enumerate()) {
                let cell = picture.cell(place, unit);
                let painter = ui.painter();
                let red = egui::Stroke::new(2.0, egui::Color32::from_rgb(220, 40, 40));
                if figures.is_dead() {
                    painter.line_segment([cell.left_top(), cell.right_bottom()], red);
                    painter.line_segment([cell.right_top(), cell.left_bottom()], red);
                } else if is_saturated(figures) {
                    painter.rect_stroke(
                        cell,
                        0.0,
                        egui::Stroke::new(2.0, egui::Color32::from_rgb(150, 60, 200)),
                        egui::StrokeKind::Inside,
                    );
                }
            }
        }
    }

    /// Loss and accuracy over the steps.
    pub(crate) fn history(
        &self,
        ui: &mut egui::Ui,
        id: impl std::hash::Hash + std::fmt::Debug,
        height: f32,
    ) {
        let moments = &self.session.history;
        let points = |of: &dyn Fn(usize) -> f64| -> PlotPoints<'static> {
            // A network that diverges has an infinite loss or none.
            let all = (0..moments.len()).map(|index| [moments[index].step as f64, of(index)]);
            all.filter(|[_, value]| value.is_finite()).collect()
        };
        let loss = points(&|index| moments[index].loss);
        let accuracy = points(&|index| moments[index].accuracy);
        let shown = still(Plot::new(("history", id)), height).include_y(0.0).include_y(1.0).show(
            ui,
            |plot| {
                plot.line(Line::new("loss", loss).color(egui::Color32::from_rgb(200, 80, 80)));
                plot.line(
                    Line::new("accuracy", accuracy).color(egui::Color32::from_rgb(46, 160, 67)),
                );
            },
        );
        describe(&shown.response, "Loss and accuracy over the steps");
    }

    /// The gradient's size per layer on a log scale, or the spread of the outputs.
    pub(crate) fn sizes(
        &self,
        ui: &mut egui::Ui,
        id: impl std::hash::Hash + std::fmt::Debug,
        height: f32,
        sizes: Sizes,
    ) {
        let layers = self.session.figures.iter().flat_map(|figures| &figures.layers);
        let values = layers.map(|layer| match sizes {
            Sizes::Gradient => layer.gradient,
            Sizes::Spread => layer.spread(),
        });
        // NaN becomes the largest size.
        let values = values.map(|value| if value.is_nan() { f64::INFINITY } else { value });
        // Bars rise from 1e-12, since a logarithm has no 0.
        let bars = values.enumerate().map(|(index, value)| {
            let size = value.clamp(1e-12, 1e12).log10();
            Bar::new(index as f64 + 1.0, size + 12.0).base_offset(-12.0).width(0.7)
        });
        let bars: Vec<_> = bars.collect();
        let name = sizes.name();
        let plot = still(Plot::new((name, id)), height).include_y(-12.0).include_y(0.0);
        let plot = plot.y_axis_formatter(|mark, _| format!("1e{}", mark.value));
        let shown = plot.show(ui, |plot| plot.bar_chart(BarChart::new(name, bars)));
        describe(&shown.response, name);
    }
}

/// What a chart of sizes shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    Gradient,
    Spread,
}

impl Sizes {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sizes::Gradient => "Gradient's size per layer",
            Sizes::Spread => "Spread of the outputs per layer",
        }
    }
}

/// A chart that does not move.
fn still(plot: Plot<'_>, height: f32) -> Plot<'_> {
    plot.height(height)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .show_background(false)
        .legend(egui_plot::Legend::default())
}

fn describe(response: &egui::Response, label: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, label));
}
