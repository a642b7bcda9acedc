//! Claim: networks of ReLU and similar activations learn faster than networks of sigmoid and tanh.

use crate::Outcome;
use crate::gradients::ACTIVATIONS;
use crate::plot::{Figure, Line, Panel};
use crate::setup::{Setup, Start, last_percent, means};

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    let Setup { seeds, steps, .. } = setup;
    println!(
        "\naccuracy on the test part after {steps} steps of Adam, mean and range of {seeds} seeds"
    );
    let mut panels = Vec::new();
    for depth in [2, 10] {
        let mut lines = Vec::new();
        for (style, activation) in ACTIVATIONS.into_iter().enumerate() {
            let start = Start::new(activation, depth);
            let points = curve(setup, &start)?;
            println!(
                "  {depth:>2} hidden layers, {:<11} {}; {} steps to 90 %",
                activation.name(),
                last_percent(&points),
                points
                    .iter()
                    .find(|point| point.y >= 0.9)
                    .map_or("never".to_owned(), |point| point.x.to_string())
            );
            lines.push(Line::new(activation.name(), style, points));
        }
        panels.push(panel(format!("{depth} hidden layers of 64 units"), lines));
    }
    let title = format!("Learning by activation ({seeds} seeds: mean and range)");
    Figure { title, columns: 2, size: (480, 380), panels }.save(&setup.out, "accuracy")
}

pub(crate) fn panel(title: String, lines: Vec<Line>) -> Panel {
    Panel {
        title,
        x_label: "steps of 64 samples".to_owned(),
        y_label: "test accuracy (share)".to_owned(),
        y_range: Some([0.0, 1.02]),
        lines,
        ..Panel::default()
    }
}

/// Test accuracy over steps.
pub(crate) fn curve(setup: &Setup, start: &Start) -> Outcome<Vec<crate::plot::Point>> {
    let runs = setup.each_seed(|seed| {
        let found =
            setup.watch(start, seed, |trainer, test| Ok([trainer.evaluate(test)?.accuracy]))?;
        Ok(found.into_iter().map(|(x, [y])| (x, y)).collect())
    })?;
    Ok(means(&runs))
}
