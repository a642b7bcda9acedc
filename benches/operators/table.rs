//! The medians as a table, each operation as a fraction of the copy's rate in the same run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use testkit::bench::{Operation, Operator};
use wgpu_relu::Activation;

/// Median seconds of each operation, by length.
pub(crate) struct Table {
    /// The adapter and its backend.
    name: String,
    driver: String,
    seconds: BTreeMap<usize, Vec<(Operation, f64)>>,
}

impl Table {
    pub(crate) fn new(adapter: &wgpu::AdapterInfo) -> Self {
        let name = format!("{} {}", adapter.name, adapter.backend);
        Table { name, driver: adapter.driver_info.clone(), seconds: BTreeMap::new() }
    }

    /// Adds runs of some iterations each.
    pub(crate) fn add(&mut self, operation: Operation, length: usize, samples: &[(u64, Duration)]) {
        let median = weighted_median(samples);
        self.seconds.entry(length).or_default().push((operation, median));
    }

    /// Prints the table, and writes it into the folder that `BENCH_RESULTS` names.
    pub(crate) fn finish(&self) {
        let text = self.text();
        println!("\n{text}");
        let Some(folder) = std::env::var_os("BENCH_RESULTS") else {
            return;
        };
        if self.seconds.is_empty() {
            return;
        }
        let path = Path::new(&folder).join(format!("{}.md", self.slug()));
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &text));
        match written {
            Ok(()) => println!("written to {}", path.display()),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# {}, {}\n\n`cargo xtask bench`: the copy in GB/s (bytes read and written); the others as a fraction of the \
             copy's rate, forward / in place / gradient. Medians of one run; every result verified.\n\n",
            self.name, self.driver
        );
        let lengths: Vec<usize> = self.seconds.keys().copied().collect();
        let mut row = |name: &str, cell: &dyn Fn(usize) -> String| {
            let cells: Vec<String> = lengths.iter().map(|&length| cell(length)).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        };
        row("elements", &binary);
        row("---", &|_| "---".to_owned());
        let copy = |length| self.rate(Operation::Copy, length);
        row("copy, GB/s", &|length| number(copy(length).map(|rate| rate / 1e9), 1));
        for &activation in Activation::ALL {
            row(activation.name(), &|length| {
                Operator::ALL
                    .map(|operator| self.rate(Operation::Operator(activation, operator), length))
                    .map(|rate| number(rate.zip(copy(length)).map(|(rate, copy)| rate / copy), 2))
                    .join(" / ")
            });
        }
        text
    }

    /// Bytes per second.
    fn rate(&self, operation: Operation, length: usize) -> Option<f64> {
        let of_length = self.seconds.get(&length)?;
        let (_, seconds) = of_length.iter().find(|(other, _)| *other == operation)?;
        Some(operation.bytes(length) as f64 / seconds)
    }

    /// A file name made of the adapter's name.
    fn slug(&self) -> String {
        let dashed = self.name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }
}

fn binary(length: usize) -> String {
    if length >= 1 << 20 { format!("{} Mi", length >> 20) } else { format!("{} Ki", length >> 10) }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

/// Seconds of the median iteration; the short runs of the warm-up weigh next to nothing.
fn weighted_median(samples: &[(u64, Duration)]) -> f64 {
    let each = |&(iterations, spent): &(u64, Duration)| {
        (spent.as_secs_f64() / iterations as f64, iterations)
    };
    let mut sorted: Vec<(f64, u64)> = samples.iter().map(each).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = sorted.iter().map(|(_, iterations)| iterations).sum();
    let mut passed = 0;
    for (seconds, iterations) in sorted {
        passed += iterations;
        if 2 * passed >= total {
            return seconds;
        }
    }
    f64::NAN
}
