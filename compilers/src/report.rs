//! The table, and what is wrong.

use wgpu_relu::Activation;

use crate::builds::Variant;
use crate::run::{Finding, Findings, Job, KINDS, Kind};

/// Prints the findings; whether all is well.
pub(crate) fn print(
    jobs: &[Job],
    variants: &[Variant],
    findings: &Findings,
    verbose: bool,
) -> bool {
    let mut columns: Vec<&str> = Vec::new();
    for variant in &variants[1..] {
        if !columns.contains(&variant.column()) {
            columns.push(variant.column());
        }
    }
    println!("| | strict | {} |", columns.join(" | "));
    println!("|---|---|{}", "---|".repeat(columns.len()));
    let mut total = Finding::default();
    let mut wrong = Vec::new();
    for default in jobs.iter().map(|job| job.activation).filter(|a| Activation::ALL.contains(a)) {
        for kind in KINDS {
            let of_kind: Vec<(&Job, &Vec<Finding>)> = jobs
                .iter()
                .zip(findings)
                .filter(|(job, _)| job.activation.name() == default.name())
                .map(|(job, findings)| (job, &findings[kind as usize]))
                .collect();
            let mut strict = Finding::default();
            let mut by_column = vec![Finding::default(); columns.len()];
            let mut told = 0;
            for (job, found) in &of_kind {
                strict.merge(&found[0]);
                for (variant, found) in variants.iter().zip(*found) {
                    total.merge(found);
                    let column = columns.iter().position(|column| *column == variant.column());
                    if let Some(column) = column {
                        by_column[column].merge(found);
                    }
                    if let Some(text) = mistake(job.activation, kind, variant, found) {
                        told += 1;
                        if verbose || told <= 2 {
                            wrong.push(text);
                        }
                    }
                }
            }
            if told > 2 && !verbose {
                wrong.push(format!("… and {} more of {default}'s {kind:?}", told - 2));
            }
            let cells: Vec<String> = by_column.iter().map(cell).collect();
            println!(
                "| {}{} | {} | {} |",
                default.name(),
                mark(kind),
                accuracy(&strict),
                cells.join(" | ")
            );
        }
    }
    println!(
        "\n{} results in {} builds: {} differ from those of the strict build",
        total.count,
        variants.len(),
        total.differing
    );
    for line in &wrong {
        println!("{line}");
    }
    wrong.is_empty()
}

fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::Value => "",
        Kind::Gradient => "'",
    }
}

fn accuracy(finding: &Finding) -> String {
    match finding.worst {
        Some(worst) if worst.ulp > 0.0 => {
            format!("{:.3} ulp at {:e}", worst.ulp, f32::from_bits(worst.x))
        }
        _ => "exact".to_owned(),
    }
}

fn cell(finding: &Finding) -> String {
    match finding.differing {
        0 => "0".to_owned(),
        differing => format!("{differing}; {:.2} ulp", finding.ulp()),
    }
}

/// What is wrong with a function in a variant.
fn mistake(
    activation: Activation,
    kind: Kind,
    variant: &Variant,
    finding: &Finding,
) -> Option<String> {
    let limit = match kind {
        Kind::Value => activation.value_tolerance().ulp(),
        Kind::Gradient => activation.gradient_tolerance().ulp(),
    };
    let worst = finding.worst?;
    if finding.differing == 0 && worst.ulp <= limit {
        return None;
    }
    let show = |bits: u32| format!("{:e} ({bits:#010x})", f32::from_bits(bits));
    let dy = match kind {
        Kind::Value => String::new(),
        Kind::Gradient => format!(", dy = {}", show(worst.dy)),
    };
    Some(format!(
        "{activation}{}, {}: {} of {} differ; at x = {}{dy} it is {} where the strict build gives {}; {:.2} ulp of {limit}",
        mark(kind),
        variant.describe(),
        finding.differing,
        finding.count,
        show(worst.x),
        show(worst.got),
        show(worst.strict),
        worst.ulp
    ))
}
