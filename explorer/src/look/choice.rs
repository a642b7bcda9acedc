//! Which activations are shown, and the parameters of the first one.

use std::ops::RangeInclusive;

use eframe::egui;
use wgpu_relu::Activation;

use super::{MOST, View};

/// The list of activations, and sliders for the first one's parameters. `refused` becomes the reason why parameters
/// were not taken.
pub(super) fn ui(ui: &mut egui::Ui, view: &mut View, refused: &mut Option<String>) {
    ui.horizontal(|ui| {
        let label = ui.label("Activation");
        let first = view.first();
        let list =
            egui::ComboBox::from_id_salt("activation").selected_text(first.name()).height(600.0);
        let list = list.show_ui(ui, |ui| {
            for &activation in Activation::ALL {
                let chosen = activation.name() == first.name();
                if ui.selectable_label(chosen, activation.name()).clicked() {
                    view.shown[0] = activation;
                    *refused = None;
                }
            }
        });
        list.response.labelled_by(label.id);
    });
    others(ui, view);
    parameters(ui, view, refused);
}

/// The others on the plot, and a list to add one.
fn others(ui: &mut egui::Ui, view: &mut View) {
    ui.horizontal_wrapped(|ui| {
        let mut removed = None;
        for (index, activation) in view.shown.iter().enumerate().skip(1) {
            let name = activation.name();
            if ui
                .button(format!("Remove {name}"))
                .on_hover_text(format!("Take {activation} off the plot"))
                .clicked()
            {
                removed = Some(index);
            }
        }
        removed.map(|index| view.shown.remove(index));
        ui.add_enabled_ui(view.shown.len() < MOST, |ui| {
            ui.menu_button("Add another", |ui| {
                egui::ScrollArea::vertical().max_height(400.0).show(ui, |ui| {
                    for &activation in Activation::ALL {
                        if !view.shown.contains(&activation)
                            && ui.button(activation.name()).clicked()
                        {
                            view.shown.push(activation);
                            ui.close();
                        }
                    }
                });
            });
        });
    });
}

fn parameters(ui: &mut egui::Ui, view: &mut View, refused: &mut Option<String>) {
    let activation = view.first();
    let mut parameters = activation.parameters();
    let mut changed = false;
    for (index, (name, value)) in parameters.iter_mut().enumerate() {
        let range = range(activation, index);
        let slider =
            egui::Slider::new(value, range).clamping(egui::SliderClamping::Never).text(*name);
        changed |= ui
            .add(slider)
            .on_hover_text(format!("The parameter {name}; its field takes any valid number"))
            .changed();
    }
    if changed {
        let values: Vec<_> = parameters.iter().map(|(_, value)| *value).collect();
        match activation.with_parameters(&values) {
            Ok(activation) => {
                view.shown[0] = activation;
                *refused = None;
            }
            Err(error) => *refused = Some(error.to_string()),
        }
    }
}

/// The valid values of a parameter for a slider: within 10, or four times the default, or the present value. They follow from
/// the default, because a range that grew with the value would run away from a person who drags.
fn range(activation: Activation, index: usize) -> RangeInclusive<f32> {
    const STEPS: i32 = 100;
    let values: Vec<f32> = activation.parameters().iter().map(|(_, value)| *value).collect();
    let present = values[index];
    let same = |one: &&Activation| one.name() == activation.name();
    let default = Activation::ALL.iter().find(same).map_or(1.0, |one| one.parameters()[index].1);
    let reach = (4.0 * default.abs()).clamp(2.0, 10.0).max(present.abs());
    let valid = |value: f32| {
        let mut values = values.clone();
        values[index] = value;
        activation.with_parameters(&values).is_ok()
    };
    let end = |sign: i32| {
        let at = |step: i32| reach * (sign * step) as f32 / STEPS as f32;
        let beyond = |value: &f32| (value - present) * sign as f32 >= 0.0;
        let steps = (-STEPS..=STEPS).map(at).filter(beyond);
        steps.take_while(|&value| valid(value)).last().unwrap_or(present)
    };
    end(-1)..=end(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sliders_stay_within_the_valid_values() {
        let softplus: Activation = "softplus".parse().unwrap();
        assert!(*range(softplus, 0).start() > 0.0, "beta may not be 0");
        for &activation in Activation::ALL {
            for (index, (name, value)) in activation.parameters().into_iter().enumerate() {
                let range = range(activation, index);
                assert!(range.contains(&value), "{activation}: {name}");
                assert!(range.end() > range.start(), "{activation}: {name}");
                for end in [*range.start(), *range.end()] {
                    let mut values: Vec<f32> =
                        activation.parameters().iter().map(|(_, value)| *value).collect();
                    values[index] = end;
                    assert!(
                        activation.with_parameters(&values).is_ok(),
                        "{activation}: {name} = {end}"
                    );
                }
            }
        }
    }
}
