//! The table, and what is wrong.

use crate::builds::Variant;
use crate::modules::Form;
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
    let mut groups: Vec<&str> = Vec::new();
    for alone in [true, false] {
        for job in jobs.iter().filter(|job| (job.form == Form::Alone) == alone) {
            if !groups.contains(&job.group()) {
                groups.push(job.group());
            }
        }
    }
    for group in groups {
        for kind in KINDS {
            let of_kind: Vec<(&Job, &Vec<Finding>)> = jobs
                .iter()
                .zip(findings)
                .filter(|(job, _)| job.group() == group)
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
                    if let Some(text) = mistake(job, kind, variant, found) {
                        told += 1;
                        if verbose || told <= 2 {
                            wrong.push(text);
                        }
                    }
                }
            }
            if told > 2 && !verbose {
                wrong.push(format!("… and {} more of {group}{}", told - 2, mark(kind)));
            }
            let cells: Vec<String> = by_column.iter().map(cell).collect();
            println!(
                "| {}{} | {} | {} |",
                group,
                mark(kind),
                accuracy(of_kind[0].0.form, &strict),
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

/// The largest errors, of normal and of subnormal results.
fn accuracy(form: Form, finding: &Finding) -> String {
    let mut text = match finding.worst {
        Some(_) if form != Form::Alone => return "—".to_owned(),
        Some(worst) if worst.ulp > 0.0 => {
            format!("{:.3} ulp at {:e}", worst.ulp, f32::from_bits(worst.x))
        }
        _ => "exact".to_owned(),
    };
    if finding.subnormal > 0.5 {
        text += &format!("; {} below the normal numbers", short(finding.subnormal));
    }
    text
}

fn cell(finding: &Finding) -> String {
    match finding.differing {
        0 => "0".to_owned(),
        differing if finding.ulp() == 0.0 => differing.to_string(),
        differing => format!("{differing}; {} ulp", short(finding.ulp())),
    }
}

fn short(ulp: f64) -> String {
    if ulp < 1e6 || ulp.is_infinite() { format!("{ulp:.2}") } else { format!("{ulp:.1e}") }
}

/// What is wrong with a function in a variant.
fn mistake(job: &Job, kind: Kind, variant: &Variant, finding: &Finding) -> Option<String> {
    let tolerance = match kind {
        Kind::Value => job.activation.value_tolerance(),
        Kind::Gradient => job.activation.gradient_tolerance(),
    };
    let limit = tolerance.ulp();
    let worst = finding.worst?;
    if finding.differing == 0 && worst.ulp <= limit {
        return None;
    }
    let show = |bits: u32| format!("{:e} ({bits:#010x})", f32::from_bits(bits));
    let dy = match (kind, job.form) {
        (Kind::Value, Form::Alone) => String::new(),
        _ => format!(", dy = {}", show(worst.dy)),
    };
    Some(format!(
        "{job}{}, {}: {} of {} differ; at x = {}{dy} it is {} where the strict build gives {}; {} ulp of {limit}",
        mark(kind),
        variant.describe(),
        finding.differing,
        finding.count,
        show(worst.x),
        show(worst.got),
        show(worst.strict),
        short(worst.ulp)
    ))
}
