//! What the check found, as a table and as JSON.

use std::fmt::Write;
use std::process::ExitCode;

use serde::Serialize;
use wgpu_relu::ElementType;

use super::examine::{Finding, bound};
use crate::Outcome;
use crate::adapter::Name;

/// Every release passes on several drivers, so users meet wrong drivers. Developers of an activation meet wrong kernels.
const WRONG: &str = "\
Either this adapter's driver or a kernel is wrong. To tell which, repeat the check on another driver: `wgpu-relu devices`
lists the adapters, `--adapter NAME` takes one. If that fails with the same numbers, the kernel is wrong. If it passes, the
driver is: please report it with this output.
";

#[derive(Serialize)]
pub(super) struct Report {
    version: &'static str,
    adapter: Name,
    passed: bool,
    results: Vec<Row>,
    /// Of the table's first column.
    #[serde(skip)]
    width: usize,
}

#[derive(Serialize)]
struct Row {
    activation: String,
    element: &'static str,
    operation: &'static str,
    passed: bool,
    /// Results seen.
    count: u64,
    /// Results that are not the correctly rounded ones.
    differing: u64,
    /// None where it is infinite: a number where NaN is due, or the other way round.
    worst_ulp: Option<f64>,
    mean_ulp: f64,
    /// The input where the error is largest, if there is an error.
    at: Option<String>,
    bound_ulp: f64,
    failure: Option<String>,
}

impl Report {
    /// An empty one, whose longest name has so many letters.
    pub(super) fn new(adapter: Name, longest: usize) -> Self {
        let width = longest.max("activation".len());
        let version = env!("CARGO_PKG_VERSION");
        Report { version, adapter, passed: true, results: Vec::new(), width }
    }

    pub(super) fn head(&self) -> String {
        format!(
            "{}\n\n{}",
            self.adapter,
            self.line(["activation", "type", "operation", "worst ulp", "bound", "at x", ""])
        )
    }

    /// Takes what was found of an activation, or of what has a name like one; the table's rows of it.
    pub(super) fn add(
        &mut self,
        (name, short): (&str, &str),
        element: ElementType,
        findings: impl IntoIterator<Item = Finding>,
    ) -> String {
        let mut rows = String::new();
        for Finding { operation, tolerance, errors, failure } in findings {
            let passed = failure.is_none();
            let at = (errors.worst > 0.0).then(|| format!("{:e}", errors.at));
            rows += &self.line([
                short,
                element.name(),
                operation,
                &format!("{:.2}", errors.worst),
                &bound(tolerance),
                at.as_deref().unwrap_or("-"),
                if passed { "ok" } else { "FAILED" },
            ]);
            self.passed &= passed;
            self.results.push(Row {
                activation: name.to_owned(),
                element: element.name(),
                operation,
                passed,
                count: errors.count,
                differing: errors.differing,
                worst_ulp: Some(errors.worst).filter(|worst| worst.is_finite()),
                mean_ulp: errors.mean(),
                at,
                bound_ulp: tolerance.ulp(),
                failure,
            });
        }
        rows
    }

    /// What failed, and how much passed.
    pub(super) fn foot(&self) -> String {
        let mut text = String::from("\n");
        for row in &self.results {
            if let Some(failure) = &row.failure {
                let _ = writeln!(
                    text,
                    "{} {} {}: {failure}",
                    row.activation, row.element, row.operation
                );
            }
        }
        let passed = self.results.iter().filter(|row| row.passed).count();
        let results: u64 = self.results.iter().map(|row| row.count).sum();
        let all = self.results.len();
        let _ = writeln!(
            text,
            "{passed} of {all} operations are within their bounds, over {results} results."
        );
        if !self.passed {
            text += WRONG;
        }
        text
    }

    pub(super) fn json(&self) -> Outcome<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    fn line(
        &self,
        [activation, element, operation, worst, bound, at, verdict]: [&str; 7],
    ) -> String {
        let width = self.width;
        let line = format!(
            "{activation:width$}  {element:4}  {operation:9} {worst:>9}  {bound:5} {at:>15}  {verdict}"
        );
        line.trim_end().to_owned() + "\n"
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        if self.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(test)]
mod tests {
    use wgpu_relu::reference::Errors;
    use wgpu_relu::{Tolerance, wgpu};

    use super::*;

    #[test]
    fn one_failure_is_a_failure() {
        let info = wgpu::AdapterInfo::new(wgpu::DeviceType::Cpu, wgpu::Backend::Vulkan);
        let mut report = Report::new(Name::from(&info), 4);
        let finding = |failure: Option<&str>| {
            let mut errors = Errors::default();
            errors.add(0.5, if failure.is_some() { f64::INFINITY } else { 0.25 });
            let tolerance = Tolerance::Ulp(1.0);
            let failure = failure.map(str::to_owned);
            Finding { operation: "forward", tolerance, errors, failure }
        };
        let rows = report.add(("gelu", "gelu"), ElementType::F32, [None; 3].map(finding));
        assert_eq!((rows.lines().count(), rows.contains("FAILED")), (3, false), "{rows}");
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
        let rows = report.add(
            ("silu", "silu"),
            ElementType::F32,
            [None, Some("7 is no 8"), None].map(finding),
        );
        assert_eq!(rows.matches("FAILED").count(), 1, "{rows}");
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
        assert!(report.foot().contains("silu f32 forward: 7 is no 8"), "{}", report.foot());
        assert!(report.foot().contains("5 of 6 operations"), "{}", report.foot());
        assert!(report.foot().contains("driver or a kernel is wrong"), "{}", report.foot());
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["passed"], false);
        assert!(json["results"][4]["worst_ulp"].is_null());
    }
}
