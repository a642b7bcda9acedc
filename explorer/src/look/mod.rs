//! The room of one activation, or several: curves, errors, distributions.

mod choice;
mod copy;
mod histogram;
mod plot;
mod samples;

use eframe::egui;
use wgpu_relu::{Activation, Gpu, Result, reference};

use histogram::Histogram;
use samples::Samples;

/// The most activations at a time.
const MOST: usize = 6;

/// What is on the plot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    /// The first one has the sliders, the errors and the histograms.
    pub(crate) shown: Vec<Activation>,
    /// Left, right, bottom, top.
    pub(crate) bounds: [f64; 4],
    pub(crate) cursor: f64,
}

/// The bounds at the start, and of the button that resets them.
const BOUNDS: [f64; 4] = [-5.0, 5.0, -2.5, 4.0];

impl Default for View {
    fn default() -> Self {
        View { shown: vec![Activation::Gelu], bounds: BOUNDS, cursor: 1.0 }
    }
}

impl View {
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let shown: Vec<_> = self.shown.iter().map(Activation::to_string).collect();
        let bounds = self.bounds.map(|bound| bound.to_string());
        vec![
            ("shown", shown.join(";").replace(' ', "")),
            ("bounds", bounds.join(",")),
            ("cursor", self.cursor.to_string()),
        ]
    }

    /// Takes a value by its name, if it is valid.
    pub(crate) fn take(&mut self, name: &str, value: &str) {
        match name {
            "shown" => {
                let shown: Option<Vec<_>> =
                    value.split(';').take(MOST).map(|text| text.parse().ok()).collect();
                self.shown = shown.unwrap_or_else(|| self.shown.clone());
            }
            "bounds" => {
                let numbers: Option<Vec<f64>> =
                    value.split(',').map(|number| number.parse().ok()).collect();
                if let Some(&[left, right, bottom, top]) = numbers.as_deref()
                    && plot::is_valid([left, right, bottom, top])
                {
                    self.bounds = [left, right, bottom, top];
                }
            }
            "cursor" => {
                let number = value.parse().ok().filter(|number: &f64| number.abs() <= plot::FAR);
                self.cursor = number.unwrap_or(self.cursor);
            }
            _ => {}
        }
    }

    /// The activation that the controls change.
    fn first(&self) -> Activation {
        self.shown.first().copied().unwrap_or(Activation::Relu)
    }
}

/// The room, with what it has computed.
pub(crate) struct Look {
    samples: Samples,
    histogram: Histogram,
    plot: plot::Plot,
    /// The error of the last parameters, if they are not valid.
    refused: Option<String>,
}

impl Look {
    pub(crate) fn new(gpu: &Gpu) -> Self {
        Look {
            samples: Samples::new(gpu),
            histogram: Histogram::new(gpu),
            plot: plot::Plot::default(),
            refused: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn frame(&self) -> egui::Rect {
        self.plot.frame()
    }

    /// Whether results are under way.
    pub(crate) fn is_reading(&self) -> bool {
        self.samples.is_reading() || self.histogram.is_reading()
    }

    pub(crate) fn ui(&mut self, ui: &mut egui::Ui, view: &mut View) -> Result<()> {
        self.samples.update(&view.shown, view.bounds)?;
        self.histogram.update(view.first())?;
        if ui.available_width() < crate::app::NARROW {
            egui::ScrollArea::vertical().show(ui, |ui| {
                self.controls(ui, view);
                let height = (0.9 * ui.available_width()).max(240.0);
                self.plot.ui(ui, view, &self.samples, height);
                self.facts(ui, view);
            });
        } else {
            egui::Panel::left("look").default_size(330.0).show(ui, |ui| {
                egui::ScrollArea::vertical().show(ui, |ui| {
                    self.controls(ui, view);
                    self.facts(ui, view);
                });
            });
            egui::CentralPanel::default().show(ui, |ui| {
                let height = ui.available_height();
                self.plot.ui(ui, view, &self.samples, height);
            });
        }
        Ok(())
    }

    fn controls(&mut self, ui: &mut egui::Ui, view: &mut View) {
        choice::ui(ui, view, &mut self.refused);
        if let Some(reason) = &self.refused {
            ui.colored_label(ui.visuals().error_fg_color, reason);
        }
        plot::controls(ui, view, &mut self.plot);
    }

    /// What is known of the first activation.
    fn facts(&self, ui: &mut egui::Ui, view: &View) {
        let activation = view.first();
        ui.separator();
        if let Some((value, derivative)) = testkit::names::formulas(&activation) {
            ui.label(format!("f(x) = {}", plain(&value)));
            ui.label(format!("f'(x) = {}", plain(&derivative)));
        }
        let (torch, onnx) = testkit::names::names(activation.name());
        ui.label(format!(
            "PyTorch: {}",
            torch.map_or("none".to_owned(), |name| format!("torch.nn.{name}"))
        ));
        ui.label(format!("ONNX: {}", onnx.unwrap_or("none")));
        self.errors(ui, activation, view.cursor);
        copy::ui(ui, activation);
        ui.separator();
        self.histogram.ui(ui);
    }

    /// The greatest errors over the plot's range, against the reference.
    fn errors(&self, ui: &mut egui::Ui, activation: Activation, cursor: f64) {
        let Some(curve) = self.samples.curve(activation) else { return };
        for (name, error, tolerance) in [
            ("f", &curve.value_error, activation.value_tolerance()),
            ("f'", &curve.slope_error, activation.gradient_tolerance()),
        ] {
            let text =
                format!("Greatest error of {name} shown: {:.3} ulp at x = {}", error.ulp, error.x);
            let bound = format!(
                "Over {} values of x from left to right, against the CPU reference in f64. The bound is {} ulp.",
                curve.x.len(),
                tolerance.ulp()
            );
            ui.label(text).on_hover_text(bound);
        }
        if let Some(at) = curve.nearest(cursor) {
            let x = curve.x[at];
            ui.label(format!(
                "Reference at the cursor: f({x}) = {:.9}, f' = {:.9}",
                reference::value(activation, x),
                reference::derivative(activation, x)
            ));
        }
    }
}

/// A formula of the documentation, without the marks of code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
