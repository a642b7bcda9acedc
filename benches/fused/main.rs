//! Measures fused forms, masks, random slopes, sums, and other kinds of data beside the plain operator and a copy of
//! the same buffers, in alternating rounds of one run. Every result is verified.
//!
//! ```sh
//! cargo bench --bench fused             # all
//! cargo bench --bench fused -- prelu    # the copy, relu, its gradient, and the forms with `prelu` in their names
//! cargo bench --bench fused -- --elements 64Mi --json fused.json
//! ```

mod forms;
mod kinds;

use std::path::PathBuf;

use clap::Parser;
use forms::{Form, Operands};
use testkit::stopwatch::{self, Stopwatch, median};
use wgpu_relu::GpuOptions;

/// Runs per submit. They share its cost, which would hide theirs.
const BATCH: u32 = 8;

#[derive(Parser)]
struct Arguments {
    /// Words of names; else all forms
    words: Vec<String>,
    /// Elements of an operand: 16Mi; several with commas
    #[arg(long, value_delimiter = ',', value_parser = testkit::bench::elements, default_value = "1Mi,16Mi")]
    elements: Vec<usize>,
    /// Rounds after the one that warms up, of which the median counts
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Write the times to this file as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// What cargo says to a benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Median seconds of a form, by the host's clock and by the device's timestamps, if it has them.
#[derive(Clone, Copy)]
struct Time {
    host: f64,
    device: Option<f64>,
}

fn main() {
    let arguments = Arguments::parse();
    // `cargo test --all-targets` runs this without `--bench`, to see that it builds.
    if !arguments.bench {
        return;
    }
    let gpu = stopwatch::open(&GpuOptions::default())
        .expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
    let info = gpu.adapter_info();
    println!("# {} ({:?}, {})", info.name, info.backend, info.driver_info);
    let words = &arguments.words;
    let wanted = |form: &Form<'_>| {
        ["copy", "relu", "relu gradient"].contains(&form.name)
            || words.is_empty()
            || words.iter().any(|word| form.name.contains(word.as_str()))
    };
    let mut results = Vec::new();
    for &length in &arguments.elements {
        let operands = Operands::new(&gpu, length);
        let halves = kinds::Halves::new(&operands);
        let mut forms = operands.fused_forms();
        forms.extend(kinds::forms(&operands, &halves));
        forms.retain(&wanted);
        let times = medians(&Stopwatch::new(&gpu), &operands, &forms, arguments.rounds);
        println!("\n{length} elements\n");
        println!(
            "| form | bytes per element | GB/s | of the copy's rate | Gelements/s | over the plain form's | GB/s by timestamps |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        let elements = |index: usize| forms[index].elements as f64 / times[index].host;
        let rate = |index: usize| forms[index].bytes * elements(index);
        for (index, form) in forms.iter().enumerate() {
            form.verify(&operands);
            let plain = forms.iter().position(|other| other.name == form.plain);
            let over = plain.map_or("–".to_owned(), |plain| {
                format!("{:.2}", elements(index) / elements(plain))
            });
            let bytes = form.bytes * form.elements as f64;
            let device = times[index].device.map(|seconds| format!("{:.1}", bytes / seconds / 1e9));
            println!(
                "| {} | {:.3} | {:.1} | {:.2} | {:.2} | {over} | {} |",
                form.name,
                form.bytes,
                rate(index) / 1e9,
                rate(index) / rate(0),
                elements(index) / 1e9,
                device.as_deref().unwrap_or("–"),
            );
            results.push(serde_json::json!({
                "name": form.name,
                "plain": form.plain,
                "elements": length,
                "form_elements": form.elements,
                "bytes_per_element": form.bytes,
                "bytes": bytes,
                "seconds": times[index].host,
                "device_seconds": times[index].device,
            }));
        }
        // After each size: who ends this early has the sizes so far.
        if let Some(path) = &arguments.json {
            let file = serde_json::json!({ "rounds": arguments.rounds, "results": results });
            std::fs::write(path, format!("{file:#}\n")).expect("the file can be written");
        }
    }
}

/// The median times of each form.
fn medians(
    stopwatch: &Stopwatch<'_>,
    operands: &Operands<'_>,
    forms: &[Form<'_>],
    rounds: u32,
) -> Vec<Time> {
    let mut samples = vec![Vec::new(); forms.len()];
    // The first round compiles and warms up.
    for round in 0..=rounds {
        for (form, samples) in forms.iter().zip(&mut samples) {
            let record = |encoder: &mut wgpu::CommandEncoder| {
                (0..BATCH).for_each(|_| form.record(operands, encoder));
            };
            let spent = stopwatch.time(record).expect("the device is there");
            if round > 0 {
                samples.push(spent);
            }
        }
    }
    let of_one = |spent: std::time::Duration| spent.as_secs_f64() / f64::from(BATCH);
    let median_of = |samples: Vec<stopwatch::Spent>| {
        let device: Option<Vec<f64>> = samples.iter().map(|s| s.device.map(of_one)).collect();
        Time {
            host: median(samples.iter().map(|spent| of_one(spent.wall)).collect()),
            device: device.map(median).filter(|seconds| *seconds > 0.0),
        }
    };
    samples.into_iter().map(median_of).collect()
}
