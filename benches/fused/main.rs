//! Measures fused forms, masks, random slopes, sums, and other kinds of data beside the plain operator and a copy of
//! the same buffers, in alternating rounds of one run. Every result is verified.
//!
//! ```sh
//! cargo bench --bench fused             # all
//! cargo bench --bench fused -- prelu    # the copy, relu, its gradient, and the forms with `prelu` in their names
//! ```

mod forms;
mod kinds;

use std::time::Instant;

use forms::{Form, Operands};
use wgpu_relu::Gpu;

const ROUNDS: usize = 21;

/// Runs per submit. They share its cost, which would hide theirs.
const BATCH: u32 = 8;

fn main() {
    // `cargo test --all-targets` runs this without `--bench`, to see that it builds.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let gpu = Gpu::new().expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
    let info = gpu.adapter_info();
    println!("# {} ({:?}, {})", info.name, info.backend, info.driver_info);
    let words: Vec<String> = std::env::args().skip(1).filter(|w| !w.starts_with('-')).collect();
    let wanted = |form: &Form<'_>| {
        ["copy", "relu", "relu gradient"].contains(&form.name)
            || words.is_empty()
            || words.iter().any(|word| form.name.contains(word.as_str()))
    };
    for length in [1 << 20, 16 << 20] {
        let operands = Operands::new(&gpu, length);
        let halves = kinds::Halves::new(&operands);
        let mut forms = operands.fused_forms();
        forms.extend(kinds::forms(&operands, &halves));
        forms.retain(&wanted);
        let seconds = medians(&gpu, &operands, &forms);
        println!("\n{} Mi elements\n", length >> 20);
        println!(
            "| form | bytes per element | GB/s | of the copy's rate | Gelements/s | over the plain form's |"
        );
        println!("| --- | --- | --- | --- | --- | --- |");
        let elements = |index: usize| forms[index].elements as f64 / seconds[index];
        let rate = |index: usize| forms[index].bytes * elements(index);
        for (index, form) in forms.iter().enumerate() {
            form.verify(&operands);
            let plain = forms.iter().position(|other| other.name == form.plain);
            let over = plain.map_or("–".to_owned(), |plain| {
                format!("{:.2}", elements(index) / elements(plain))
            });
            println!(
                "| {} | {:.3} | {:.1} | {:.2} | {:.2} | {over} |",
                form.name,
                form.bytes,
                rate(index) / 1e9,
                rate(index) / rate(0),
                elements(index) / 1e9,
            );
        }
    }
}

/// Median seconds of each form.
fn medians(gpu: &Gpu, operands: &Operands<'_>, forms: &[Form<'_>]) -> Vec<f64> {
    let mut samples = vec![Vec::new(); forms.len()];
    // The first round compiles and warms up.
    for round in 0..=ROUNDS {
        for (form, samples) in forms.iter().zip(&mut samples) {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            (0..BATCH).for_each(|_| form.record(operands, &mut encoder));
            let start = Instant::now();
            gpu.queue().submit([encoder.finish()]);
            gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("the device is there");
            if round > 0 {
                samples.push(start.elapsed().as_secs_f64() / f64::from(BATCH));
            }
        }
    }
    let median = |mut samples: Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    };
    samples.into_iter().map(median).collect()
}
