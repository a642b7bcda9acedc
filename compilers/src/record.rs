//! tests/data/checksums.txt, the checksums that other devices are compared with.

use std::collections::BTreeMap;
use std::fs;

use testkit::checksums;
use wgpu_relu::Activation;

use crate::Outcome;
use crate::builds::Variant;
use crate::modules::Form;
use crate::run::{Job, KINDS};
use crate::worker::Worker;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/checksums.txt");

/// Writes the file by the strict build. Activations without a job keep their lines.
pub(crate) fn update(strict: &Variant, jobs: &[Job]) -> Outcome<()> {
    let mut text =
        "# Written by `cargo xtask compilers --update`; testkit/src/checksums.rs says of what.\n"
            .to_owned();
    let mut lines = BTreeMap::new();
    of_each(strict, jobs, |activation, values, gradients| {
        lines.insert(activation.to_string(), checksums::line(activation, values, gradients));
    })?;
    for activation in checksums::activations() {
        let recorded = || checksums::recorded(activation).map(str::to_owned);
        let line = lines.remove(&activation.to_string()).or_else(recorded).ok_or_else(|| {
            format!(
                "there is no line for {activation}; name {} too, or no activation",
                activation.name()
            )
        })?;
        text += &line;
        text.push('\n');
    }
    fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))?;
    println!("tests/data/checksums.txt is written");
    Ok(())
}

/// Whether the strict build gives the checksums in the file.
pub(crate) fn check(strict: &Variant, jobs: &[Job]) -> Outcome<bool> {
    let mut same = true;
    of_each(strict, jobs, |activation, values, gradients| {
        if let Err(error) = checksums::compare(activation, values, gradients) {
            println!("{error}");
            same = false;
        }
    })?;
    if same {
        println!("The strict build gives the checksums in tests/data/checksums.txt.");
    } else {
        println!(
            "Where the change is meant, `cargo xtask compilers --update` writes tests/data/checksums.txt."
        );
    }
    Ok(same)
}

/// Values and gradients of each activation that has a line in the file and a job.
fn of_each(
    strict: &Variant,
    jobs: &[Job],
    mut take: impl FnMut(Activation, &[f32], &[f32]),
) -> Outcome<()> {
    let (mut x, mut dy) = (checksums::x(), checksums::dy());
    let length = x.len();
    // Workers take four elements at a time.
    x.resize(length.next_multiple_of(4), 0.0);
    dy.resize(x.len(), 0.0);
    let (x, dy): (&[u32], &[u32]) = (bytemuck::cast_slice(&x), bytemuck::cast_slice(&dy));
    let mut worker = Worker::start(strict)?;
    for activation in checksums::activations() {
        let found = jobs.iter().find(|job| job.activation == activation && job.form == Form::Alone);
        let Some(job) = found else { continue };
        let [mut values, mut gradients] = [Vec::new(), Vec::new()];
        for (kind, results) in KINDS.into_iter().zip([&mut values, &mut gradients]) {
            worker.run(job.probe(kind), activation.uniform(), x, dy, results)?;
            results.truncate(length);
        }
        take(activation, bytemuck::cast_slice(&values), bytemuck::cast_slice(&gradients));
    }
    Ok(())
}
