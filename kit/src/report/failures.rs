//! What was checked, and what failed: input, expected and got.

use std::fmt::Write;

use serde_json::Value;

use crate::part::{Done, Status};

use super::table::Table;
use super::{Results, page};

/// Lines of a failed part's output that are shown.
const LINES: usize = 60;

/// Failures of a check that are shown.
const MOST: usize = 20;

/// The parts that judge.
const JUDGES: &[(&str, &str)] = &[
    ("check-f32", "all operations on f32 against the reference"),
    ("check-f16", "all operations on f16 against the reference"),
    ("check-bf16", "all operations on bf16 against the reference"),
    ("tests", "the tests that need a device"),
    ("allocations", "recording allocates nothing"),
    ("accuracy", "all activations over the range of f32"),
    ("exhaustive", "relu on all 2^32 inputs against NumPy"),
];

/// A row for each part that judges.
pub(super) fn verdicts(results: &Results) -> String {
    let mut table = Table::new(&["", "verdict", ""]);
    for (name, what) in JUDGES {
        if let Some(part) = results.parts.iter().find(|part| part.name == *name) {
            let detail = detail(results, part).unwrap_or_default();
            table.row(&[*what, &page::outcome(part), &detail]);
        }
    }
    table.finish().unwrap_or_else(|| "Nothing was checked.\n\n".to_owned())
}

/// A word on how much passed.
fn detail(results: &Results, part: &Done) -> Option<String> {
    if let Some(element) = part.name.strip_prefix("check-") {
        let rows = rows(results, element);
        let passed = rows.iter().filter(|row| row["passed"] == true).count();
        return (!rows.is_empty())
            .then(|| format!("{passed} of {} within their bounds", rows.len()));
    }
    let out = &results.text(&part.name)?.out;
    let summary = out.lines().rev().find(|line| line.starts_with("test result:"));
    match summary {
        Some(summary) => {
            let numbers: Vec<&str> = summary.split(['.', ';']).map(str::trim).collect();
            let of = |word: &str| numbers.iter().find(|number| number.ends_with(word)).copied();
            Some(format!("{}, {}", of(" passed")?, of(" failed")?))
        }
        // Tests that were ended before the summary.
        None if ["tests", "allocations"].contains(&&*part.name) => {
            let count = |end: &str| out.lines().filter(|line| line.ends_with(end)).count();
            let [passed, failed] = ["... ok", "... FAILED"].map(count);
            Some(format!("{passed} passed, {failed} failed before that"))
        }
        None => out.lines().last().filter(|line| !line.starts_with('|')).map(str::to_owned),
    }
}

/// The results of the check of an element type.
fn rows<'r>(results: &'r Results, element: &str) -> Vec<&'r Value> {
    let all = results.checks.iter().filter_map(|check| check["results"].as_array()).flatten();
    all.filter(|row| row["element"] == element).collect()
}

/// Everything that failed, or nothing.
pub(super) fn section(results: &Results) -> Option<String> {
    let mut text = String::new();
    let has_failed = |part: &&Done| match part.status {
        Status::Failed(_) => true,
        // A test that failed before the others were ended.
        Status::OutOfTime(_) => {
            results.text(&part.name).is_some_and(|text| text.out.contains("... FAILED"))
        }
        Status::Passed | Status::Skipped(_) => false,
    };
    for part in results.parts.iter().filter(has_failed) {
        let _ =
            writeln!(text, "### {}, {}\n\n`{}`\n", part.name, page::outcome(part), part.command);
        let rows = part.name.strip_prefix("check-").map(|element| rows(results, element));
        let failed: Vec<&Value> =
            rows.into_iter().flatten().filter(|row| row["passed"] == false).collect();
        if failed.is_empty() {
            text += &printed(results, &part.name);
            continue;
        }
        let mut table =
            Table::new(&["activation", "operation", "input", "off by, ulp", "bound", ""]);
        for row in failed.iter().take(MOST) {
            let cell = |key: &str| match &row[key] {
                Value::String(text) => text.clone(),
                Value::Null => "–".to_owned(),
                other => other.to_string(),
            };
            table.row(
                &["activation", "operation", "at", "worst_ulp", "bound_ulp", "failure"].map(cell),
            );
        }
        text += &table.finish().unwrap_or_default();
        if failed.len() > MOST {
            let _ = writeln!(text, "{} more are in the JSON file.\n", failed.len() - MOST);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The end of what a part printed; of tests, from the failures on.
fn printed(results: &Results, name: &str) -> String {
    let Some(printed) = results.text(name) else { return String::new() };
    let out = match printed.out.find("\nfailures:\n") {
        Some(at) => printed.out[at..].lines().take(LINES).collect::<Vec<_>>(),
        // Without the end there are only the names.
        None if printed.out.contains("... FAILED") => {
            printed.out.lines().filter(|line| line.ends_with("... FAILED")).collect()
        }
        None => last(&printed.out),
    };
    let err = last(&printed.err);
    let lines: Vec<&str> = out.into_iter().chain(err).collect();
    format!("```text\n{}\n```\n\n", lines.join("\n").trim())
}

fn last(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}
