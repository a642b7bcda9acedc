//! The content of the window: an activation to choose, its parameters, and the plot.

use eframe::egui;
use wgpu_relu::Activation;

use crate::plot::Plot;

pub(crate) struct Panel {
    activation: Activation,
    /// The error of the last parameters, if they are not valid.
    refused: Option<String>,
}

impl Panel {
    pub(crate) fn new(activation: Activation) -> Self {
        Panel { activation, refused: None }
    }

    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    /// The place of the plot.
    pub(crate) fn ui(&mut self, ui: &mut egui::Ui) -> egui::Rect {
        let shown = egui::CentralPanel::default().show(ui, |ui| {
            ui.horizontal(|ui| self.choice(ui));
            if let Some(reason) = &self.refused {
                ui.colored_label(ui.visuals().error_fg_color, reason);
            }
            let (_, space) = ui.allocate_space(ui.available_size());
            let callback = egui_wgpu::Callback::new_paint_callback(space, Plot(self.activation));
            ui.painter().add(callback);
            space
        });
        shown.inner
    }

    fn choice(&mut self, ui: &mut egui::Ui) {
        egui::ComboBox::from_id_salt("activation")
            .selected_text(self.activation.name())
            .height(600.0)
            .show_ui(ui, |ui| {
                for &activation in Activation::ALL {
                    let chosen = activation.name() == self.activation.name();
                    if ui.selectable_label(chosen, activation.name()).clicked() {
                        *self = Panel::new(activation);
                    }
                }
            });
        let mut parameters = self.activation.parameters();
        let mut changed = false;
        for (name, value) in &mut parameters {
            ui.label(*name);
            changed |= ui.add(egui::DragValue::new(value).speed(0.01)).changed();
        }
        if changed {
            let values: Vec<_> = parameters.iter().map(|(_, value)| *value).collect();
            self.change(&values);
        }
    }

    /// Takes the parameters, if they are valid for the activation.
    fn change(&mut self, values: &[f32]) {
        match self.activation.with_parameters(values) {
            Ok(activation) => *self = Panel::new(activation),
            Err(error) => self.refused = Some(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_refused_with_the_reason() {
        let elu = Activation::Elu { alpha: 1.0 };
        let mut panel = Panel::new(elu);
        panel.change(&[f32::NAN]);
        assert_eq!(panel.activation(), elu);
        assert!(panel.refused.as_ref().is_some_and(|reason| reason.contains("alpha")));
        panel.change(&[0.5]);
        assert_eq!(panel.activation(), Activation::Elu { alpha: 0.5 });
        assert_eq!(panel.refused, None);
    }
}
