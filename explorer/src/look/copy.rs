//! Buttons that copy an activation as code.

use eframe::egui;
use wgpu_relu::{Activation, wgsl};

pub(super) fn ui(ui: &mut egui::Ui, activation: Activation) {
    ui.horizontal(|ui| {
        ui.label("Copy:");
        for (name, what, text) in [
            ("Rust", "A call of this activation on a buffer", rust as fn(Activation) -> String),
            ("WGSL", "Functions for your own shader", shader),
            ("CLI", "A command that applies it to a file", command),
        ] {
            if ui.button(name).on_hover_text(what).clicked() {
                ui.copy_text(text(activation));
            }
        }
    });
}

fn rust(activation: Activation) -> String {
    format!("let y = wgpu_relu::Activation::{activation:?}.on(&gpu)?.apply(&x)?;")
}

/// The functions, after a line that calls them.
fn shader(activation: Activation) -> String {
    let name = activation.name();
    let [x, y, z, w] = activation.uniform();
    format!(
        "// {name}(x, vec4<f32>({x:?}, {y:?}, {z:?}, {w:?})) and {name}_grad(…) take x as vec4<f32>.\n{}",
        wgsl::module(&[activation])
    )
}

fn command(activation: Activation) -> String {
    format!("wgpu-relu apply --activation \"{activation}\" x.npy y.npy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_name_activation_and_parameters() {
        let elu = Activation::Elu { alpha: 0.5 };
        assert_eq!(
            rust(elu),
            "let y = wgpu_relu::Activation::Elu { alpha: 0.5 }.on(&gpu)?.apply(&x)?;"
        );
        assert_eq!(command(elu), "wgpu-relu apply --activation \"elu(alpha=0.5)\" x.npy y.npy");
        let shader = shader(elu);
        assert!(shader.starts_with("// elu(x, vec4<f32>(0.5, 0.0, 0.0, 0.0))"), "{shader}");
        assert!(shader.contains("fn elu(") && shader.contains("fn elu_grad("));
    }
}
