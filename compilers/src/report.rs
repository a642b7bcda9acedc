//! The table, and the mistakes.

use crate::builds::Variant;
use crate::modules::Form;
use crate::run::{Finding, Findings, Job, KINDS, Kind};

/// Prints the findings. Returns whether all is well.
pub(crate) fn print(
    jobs: &[Job],
    variants: &[Variant],
    findings: &Findings,
    verbose: bool,
) -> bool {
    let columns = distinct(variants[1..].iter().map(Variant::column));
    println!("| | strict | {} |", columns.join(" | "));
    println!("|---|---|{}", "---|".repeat(columns.len()));
    let (alone, others): (Vec<&Job>, Vec<&Job>) =
        jobs.iter().partition(|job| job.form == Form::Alone);
    let mut total = Finding::default();
    let mut wrong = Vec::new();
    for group in distinct(alone.into_iter().chain(others).map(Job::group)) {
        for kind in KINDS {
            let row = Row::new(group, kind, jobs, variants, findings);
            let cells: Vec<String> =
                columns.iter().map(|column| cell(&row.in_column(column))).collect();
            let name = format!("{group}{}", mark(kind));
            println!("| {name} | {} | {} |", row.accuracy(), cells.join(" | "));
            let mut mistakes = row.mistakes();
            let untold = mistakes.len().saturating_sub(TOLD);
            if untold > 0 && !verbose {
                mistakes.truncate(TOLD);
                mistakes.push(format!("… and {untold} more of {name}"));
            }
            wrong.extend(mistakes);
            row.results.iter().for_each(|result| total.merge(result.finding));
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

/// The most mistakes that are printed per row.
const TOLD: usize = 2;

/// Each name once, in the order of their first use.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The values or the gradients of a group of jobs, in all variants.
struct Row<'a> {
    kind: Kind,
    results: Vec<Result<'a>>,
}

struct Result<'a> {
    job: &'a Job,
    variant: &'a Variant,
    finding: &'a Finding,
}

impl<'a> Row<'a> {
    fn new(
        group: &str,
        kind: Kind,
        jobs: &'a [Job],
        variants: &'a [Variant],
        findings: &'a Findings,
    ) -> Self {
        let of_group = jobs.iter().zip(findings).filter(|(job, _)| job.group() == group);
        let results = of_group.flat_map(|(job, found)| {
            let by_variant = variants.iter().zip(&found[kind as usize]);
            by_variant.map(move |(variant, finding)| Result { job, variant, finding })
        });
        Row { kind, results: results.collect() }
    }

    fn in_column(&self, column: &str) -> Finding {
        let mut sum = Finding::default();
        for result in self.results.iter().filter(|result| result.variant.column() == column) {
            sum.merge(result.finding);
        }
        sum
    }

    /// The largest errors of the strict build, of normal and of subnormal results.
    fn accuracy(&self) -> String {
        if self.results.iter().any(|result| result.job.form != Form::Alone) {
            return "—".to_owned();
        }
        let strict = self.in_column("strict");
        let mut text = match strict.worst {
            Some(worst) if worst.ulp > 0.0 => {
                format!("{:.3} ulp at {:e}", worst.ulp, f32::from_bits(worst.x))
            }
            _ => "exact".to_owned(),
        };
        if strict.subnormal > 0.5 {
            text += &format!("; {} below the normal numbers", short(strict.subnormal));
        }
        text
    }

    fn mistakes(&self) -> Vec<String> {
        let found = self.results.iter().filter_map(|result| mistake(result, self.kind));
        found.collect()
    }
}

fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::Value => "",
        Kind::Gradient => "'",
    }
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

/// A mistake of a function in a variant.
fn mistake(result: &Result<'_>, kind: Kind) -> Option<String> {
    let Result { job, variant, finding } = result;
    let limit = kind.tolerance(job.activation).ulp();
    let worst = finding.worst?;
    if finding.differing == 0 && worst.ulp <= limit {
        return None;
    }
    let show = |bits: u32| format!("{:e} ({bits:#010x})", f32::from_bits(bits));
    let dy = match (kind, job.form) {
        (Kind::Value, Form::Alone) => String::new(),
        _ => format!(", dy = {}", show(worst.dy)),
    };
    let place = format!("{job}{}, {}", mark(kind), variant.describe());
    let result = format!("at x = {}{dy} it is {}", show(worst.x), show(worst.got));
    let ulp = format!("{} ulp of {limit}", short(worst.ulp));
    if finding.differing == 0 {
        return Some(format!("{place}: {result}, too far from the reference: {ulp}"));
    }
    let (differing, count, strict) = (finding.differing, finding.count, show(worst.strict));
    Some(format!(
        "{place}: {differing} of {count} differ; {result}, by the strict build {strict}; {ulp}"
    ))
}
