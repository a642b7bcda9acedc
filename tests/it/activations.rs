//! The texts that list the activations, as they are checked in.

use testkit::activations;
use wgpu_relu::Activation;

#[test]
fn every_list_of_activations_is_up_to_date() {
    let differing = activations::differing();
    assert!(differing.is_empty(), "{differing:?} differ; run `cargo xtask regenerate`");
}

#[test]
fn names_in_other_libraries_belong_to_activations() {
    let stray = activations::stray_names();
    assert!(
        stray.is_empty(),
        "no activation has these NAMES of testkit/src/activations.rs: {stray:?}"
    );
}

#[test]
fn every_activation_tells_its_derivative() {
    for activation in Activation::ALL {
        assert!(
            testkit::names::formulas(activation).is_some(),
            "the rustdoc of {activation} must begin like \"`max(x, 0)`; derivative 0 for x ≤ 0, else 1.\""
        );
    }
}
