//! The choices for a network.

use demo::network::text::Hidden;
use demo::playground::sets::Set;
use demo::playground::settings::{Initial, LAYERS, Layer, Rule, Settings, UNITS};
use eframe::egui;
use wgpu_relu::Activation;

pub(super) fn ui(ui: &mut egui::Ui, settings: &mut Settings) {
    ui.separator();
    one_of(ui, "Set", &mut settings.set, &Set::ALL, Set::name);
    ui.add(egui::Slider::new(&mut settings.noise, 0.0..=0.5).text("noise"));
    layers(ui, settings);
    one_of(ui, "Initial weights", &mut settings.initial, &Initial::ALL, Initial::name);
    one_of(ui, "Optimiser", &mut settings.rule, &Rule::ALL, Rule::name);
    ui.add(
        egui::Slider::new(&mut settings.rate, 1e-4..=10.0).logarithmic(true).text("learning rate"),
    );
    ui.add(egui::Slider::new(&mut settings.batch, 1..=256).logarithmic(true).text("batch"));
    ui.horizontal(|ui| {
        let label = ui.label("Seed");
        ui.add(egui::DragValue::new(&mut settings.seed)).labelled_by(label.id);
    });
}

/// Units and activation of each hidden layer.
fn layers(ui: &mut egui::Ui, settings: &mut Settings) {
    let mut count = settings.layers.len();
    ui.add(egui::Slider::new(&mut count, 1..=LAYERS).text("hidden layers"));
    let last = settings.layers.last().copied();
    settings.layers.resize(count, last.unwrap_or(Layer { units: 16, activation: Hidden::Prelu }));
    let mut all = None;
    for (index, layer) in settings.layers.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let label = ui.label(format!("Layer {}", index + 1));
            ui.add(egui::DragValue::new(&mut layer.units).range(1..=UNITS).suffix(" units"))
                .labelled_by(label.id);
            activation(ui, index, &mut layer.activation).labelled_by(label.id);
            if index == 0
                && count > 1
                && ui
                    .button("All")
                    .on_hover_text("This activation and width in every layer")
                    .clicked()
            {
                all = Some(*layer);
            }
        });
    }
    if let Some(layer) = all {
        settings.layers.fill(layer);
    }
}

fn activation(ui: &mut egui::Ui, index: usize, chosen: &mut Hidden) -> egui::Response {
    let list = egui::ComboBox::from_id_salt(("activation", index))
        .selected_text(chosen.to_string())
        .width(90.0);
    let list = list.height(400.0).show_ui(ui, |ui| {
        let all = Activation::ALL.iter().map(|&activation| Hidden::Fixed(activation));
        for hidden in [Hidden::Prelu].into_iter().chain(all) {
            ui.selectable_value(chosen, hidden, hidden.name());
        }
    });
    list.response
}

fn one_of<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    label: &str,
    chosen: &mut T,
    all: &[T],
    name: fn(T) -> &'static str,
) {
    ui.horizontal(|ui| {
        let text = ui.label(label);
        let list = egui::ComboBox::from_id_salt(label).selected_text(name(*chosen));
        let list = list.show_ui(ui, |ui| {
            for &one in all {
                ui.selectable_value(chosen, one, name(one));
            }
        });
        list.response.labelled_by(text.id);
    });
}
