//! The rates as a table, as JSON and as CSV.

use std::fmt::Write;

use serde::Serialize;
use testkit::bench::Operation;

use super::measure::Rate;
use crate::Outcome;
use crate::adapter::{Name, short};

pub(super) struct Report {
    pub(super) adapter: Name,
    rounds: u32,
    rates: Vec<Rate>,
}

/// A rate in the files.
#[derive(Serialize)]
struct Row {
    /// The activation with its parameters; none for the copy.
    activation: Option<String>,
    operation: &'static str,
    elements: usize,
    /// Bytes read and written.
    bytes: u64,
    seconds: f64,
    bytes_per_second: f64,
    /// The share of the copy's rate at this size.
    share_of_copy: Option<f64>,
    /// By the device's timestamps.
    device_seconds: Option<f64>,
    device_bytes_per_second: Option<f64>,
    device_share_of_copy: Option<f64>,
}

#[derive(Serialize)]
struct File<'a> {
    version: &'static str,
    adapter: &'a Name,
    rounds: u32,
    results: Vec<Row>,
}

impl Report {
    pub(super) fn new(adapter: Name, rounds: u32, rates: Vec<Rate>) -> Self {
        Report { adapter, rounds, rates }
    }

    /// The sizes, ascending.
    pub(super) fn elements(&self) -> Vec<usize> {
        let mut elements: Vec<usize> = self.rates.iter().map(|rate| rate.elements).collect();
        elements.dedup();
        elements
    }

    /// The operations in the order of measuring.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for rate in &self.rates {
            if !operations.contains(&rate.operation) {
                operations.push(rate.operation);
            }
        }
        operations
    }

    fn find(&self, operation: Operation, elements: usize) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.operation == operation && rate.elements == elements)
    }

    /// Bytes per second.
    pub(super) fn rate(&self, operation: Operation, elements: usize) -> Option<f64> {
        self.find(operation, elements).map(Rate::bytes_per_second)
    }

    /// The same by the device's timestamps.
    fn device_rate(&self, operation: Operation, elements: usize) -> Option<f64> {
        self.find(operation, elements).and_then(Rate::device_bytes_per_second)
    }

    fn share(&self, operation: Operation, elements: usize) -> Option<f64> {
        Some(self.rate(operation, elements)? / self.rate(Operation::Copy, elements)?)
    }

    fn device_share(&self, operation: Operation, elements: usize) -> Option<f64> {
        let copy = self.device_rate(Operation::Copy, elements)?;
        Some(self.device_rate(operation, elements)? / copy)
    }

    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        let operations = self.operations();
        let names: Vec<String> = operations.iter().copied().map(name).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let columns = self.elements();
        let mut part = |title: &str, skip: usize, cell: &dyn Fn(Operation, usize) -> String| {
            let _ = writeln!(text, "\n{title}");
            let mut row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
                let cells: String = cells.map(|cell| format!("{cell:>9}")).collect();
                let _ = writeln!(text, "{name:width$}{cells}");
            };
            row("elements", &mut columns.iter().map(|&elements| size(elements)));
            for (&operation, name) in operations.iter().zip(&names).skip(skip) {
                row(name, &mut columns.iter().map(|&elements| cell(operation, elements)));
            }
        };
        let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| significant(rate / 1e9));
        let share =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.2}"));
        part("GB/s, read and written", 0, &|operation, elements| {
            rate(self.rate(operation, elements))
        });
        part("as a share of the copy's rate", 1, &|operation, elements| {
            share(self.share(operation, elements))
        });
        if self.rates.iter().any(|rate| rate.device_seconds.is_some()) {
            part("GB/s by the device's timestamps", 0, &|operation, elements| {
                rate(self.device_rate(operation, elements))
            });
            part(
                "as a share of the copy's rate, by the device's timestamps",
                1,
                &|operation, elements| share(self.device_share(operation, elements)),
            );
        }
        let _ = writeln!(
            text,
            "\nRounds: {}, of which the median counts; every result verified.",
            self.rounds
        );
        text
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        self.rates.iter().map(|rate| {
            let (activation, operation) = match rate.operation {
                Operation::Copy => (None, "copy"),
                Operation::Operator(activation, operator) => {
                    (Some(activation.to_string()), operator.name())
                }
            };
            Row {
                activation,
                operation,
                elements: rate.elements,
                bytes: rate.bytes(),
                seconds: rate.seconds,
                bytes_per_second: rate.bytes_per_second(),
                share_of_copy: self.share(rate.operation, rate.elements),
                device_seconds: rate.device_seconds,
                device_bytes_per_second: rate.device_bytes_per_second(),
                device_share_of_copy: self.device_share(rate.operation, rate.elements),
            }
        })
    }

    pub(super) fn json(&self) -> Outcome<String> {
        let file = File {
            version: env!("CARGO_PKG_VERSION"),
            adapter: &self.adapter,
            rounds: self.rounds,
            results: self.rows().collect(),
        };
        Ok(serde_json::to_string_pretty(&file)? + "\n")
    }

    pub(super) fn csv(&self) -> String {
        let mut text = String::from(
            "activation,operation,elements,bytes,seconds,bytes_per_second,share_of_copy,\
             device_seconds,device_bytes_per_second,device_share_of_copy\n",
        );
        let number = |value: Option<f64>, digits: usize| {
            value.map_or(String::new(), |value| format!("{value:.digits$}"))
        };
        for row in self.rows() {
            let _ = writeln!(
                text,
                // Parameters have commas between them, so the text is quoted.
                "\"{}\",{},{},{},{:e},{:.0},{},{},{},{}",
                row.activation.unwrap_or_default(),
                row.operation,
                row.elements,
                row.bytes,
                row.seconds,
                row.bytes_per_second,
                number(row.share_of_copy, 4),
                row.device_seconds.map_or(String::new(), |seconds| format!("{seconds:e}")),
                number(row.device_bytes_per_second, 0),
                number(row.device_share_of_copy, 4),
            );
        }
        text
    }
}

fn name(operation: Operation) -> String {
    match operation {
        Operation::Copy => "copy".to_owned(),
        Operation::Operator(activation, operator) => {
            format!("{} {}", short(activation), operator.name())
        }
    }
}

/// A number of elements: 4 Ki, 1 Mi, 1000.
pub(super) fn size(elements: usize) -> String {
    for (unit, bits) in [("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if elements >= 1 << bits && elements.is_multiple_of(1 << bits) {
            return format!("{} {unit}", elements >> bits);
        }
    }
    elements.to_string()
}

/// Three digits, or all digits before the point.
fn significant(number: f64) -> String {
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use wgpu_relu::{Activation, wgpu};

    use super::*;
    use testkit::bench::Operator;

    fn report() -> Report {
        let softplus = Activation::Softplus { beta: 1.0, threshold: 20.0 };
        let rates = [(4096, 1.0, 2.0), (1 << 20, 3.0, 4.0)]
            .into_iter()
            .flat_map(|(elements, copy, forward)| {
                let forward_of = Operation::Operator(softplus, Operator::Forward);
                [(Operation::Copy, copy), (forward_of, forward)].map(|(operation, seconds)| {
                    // The device saw the half of it.
                    let device_seconds = (elements == 4096).then_some(seconds / 2.0);
                    Rate { operation, elements, seconds, device_seconds }
                })
            })
            .collect();
        let info = wgpu::AdapterInfo::new(wgpu::DeviceType::Cpu, wgpu::Backend::Vulkan);
        Report::new(Name::from(&info), 3, rates)
    }

    #[test]
    fn shares_are_those_of_the_copy_at_the_same_size() {
        let table = report().table();
        assert!(table.contains("softplus forward     0.50     0.75"), "{table}");
        assert!(table.contains("4 Ki     1 Mi"), "{table}");
        let device = table.split("share of the copy's rate, by the device's timestamps").nth(1);
        assert!(device.unwrap().contains("softplus forward     0.50        -"), "{table}");
    }

    #[test]
    fn csv_and_json_have_every_rate() {
        let csv = report().csv();
        assert_eq!(csv.lines().count(), 5);
        let line = csv.lines().nth(2).unwrap();
        assert_eq!(
            line,
            "\"softplus(beta=1,threshold=20)\",forward,4096,32768,2e0,16384,0.5000,1e0,32768,0.5000"
        );
        assert!(csv.ends_with(",0.7500,,,\n"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["results"].as_array().unwrap().len(), 4);
        assert_eq!(json["results"][3]["share_of_copy"], 0.75);
        assert_eq!(json["results"][1]["device_bytes_per_second"], 32768.0);
        assert!(json["results"][3]["device_seconds"].is_null());
        assert!(json["results"][0]["activation"].is_null());
    }
}
