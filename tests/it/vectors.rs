//! The reference against values computed with 400 digits (`scripts/reference_vectors.py`).

use wgpu_relu::{Activation, Tolerance, reference};

const VECTORS: &str = include_str!("../data/reference_vectors.csv");

#[test]
fn the_reference_is_right_to_f64() {
    let (header, lines) = VECTORS.split_once('\n').unwrap();
    let mut checked = 0;
    for line in lines.lines() {
        // The name may have commas; the three numbers after it have none.
        let mut fields = line.rsplitn(4, ',');
        let mut number = || fields.next().unwrap().parse::<f64>().unwrap();
        let (slope, value, x) = (number(), number(), number() as f32);
        let activation: Activation = fields.next().unwrap().trim_matches('"').parse().unwrap();
        let near = |found: f64, exact: f64, slack: f64| {
            assert!(
                (found - exact).abs() <= 1e-12 * exact.abs() + slack,
                "{activation} at {x:e}: {found:e}, not {exact:e}"
            );
        };
        near(reference::value(activation, x), value, 0.0);
        // Where the derivatives of gelu and similar functions cross zero, their terms of about 0.2 cancel.
        let slack = if (-2.0..0.0).contains(&x) { 1e-15 } else { 0.0 };
        near(reference::derivative(activation, x), slope, slack);
        checked += 1;
    }
    // The script counts its lines. A file that was cut off has fewer.
    assert!(header.starts_with(&format!("# {checked} vectors: ")), "{checked} were read: {header}");
}

/// A mistake in a row of the table is in every test that compares with the reference. Exact activations are simple enough
/// to be read, and tests/it/semantics.rs compares their values with those of other libraries.
#[test]
fn every_activation_that_rounds_has_vectors() {
    let lines = VECTORS.lines().skip(1).map(|line| line.rsplitn(4, ',').last().unwrap());
    let named: Vec<Activation> =
        lines.map(|name| name.trim_matches('"').parse().unwrap()).collect();
    for activation in Activation::ALL {
        let bounds = [activation.value_tolerance(), activation.gradient_tolerance()];
        if !bounds.iter().any(|bound| matches!(bound, Tolerance::Ulp(_))) {
            continue;
        }
        let of_name = || named.iter().filter(|other| other.name() == activation.name());
        let remedy = "add a line to FUNCTIONS in scripts/reference_vectors.py, and run it";
        assert!(
            of_name().any(|other| other == activation),
            "{} has no vectors with its defaults; {remedy}",
            activation.name()
        );
        assert!(
            activation.parameters().is_empty() || of_name().any(|other| other != activation),
            "{} has no vectors with other parameters than its defaults; {remedy}",
            activation.name()
        );
    }
}
