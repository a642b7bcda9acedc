//! The results as Markdown, on the screen and in a file.

use std::fmt::Write;
use std::path::Path;

use wgpu_relu::Activation;

use crate::Outcome;
use crate::contender::Way;
use crate::host;
use crate::kinds;
use crate::rounds::Measured;

/// The sections, in their order.
pub(crate) struct Report {
    slug: String,
    sections: Vec<String>,
    figures: Vec<Figure>,
    /// Times, for other programs.
    rows: Vec<serde_json::Value>,
}

/// A ratio with an aim.
struct Figure {
    text: String,
    aim: Aim,
    found: f64,
}

#[derive(Clone, Copy)]
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Report {
    pub(crate) fn new(adapter: &wgpu::AdapterInfo, rounds: u32) -> Self {
        let name = format!("{} {}", adapter.name, adapter.backend);
        let head = format!(
            "# Peers on {name}, {}\n\n\
             `cargo xtask peers`: medians of {rounds} alternating rounds of one run (four times as many for the host), all on one device. Times are \
             per operation, from its recording to its end, with several in a sample (recorded ones in one submit). Every \
             result is verified. Naive: one element per invocation, workgroups of 64, with a new uniform, bind group, \
             encoder and submit per call. Burn: 0.22 on wgpu, with fusion, flushed after each operation; not flushed, it \
             may make one kernel of several operations. Errors: in ulp, and absolute (relative above 1).\n",
            adapter.driver_info
        );
        let dashed = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let slug = dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        Report { slug, sections: vec![head], figures: Vec::new(), rows: Vec::new() }
    }

    pub(crate) fn head(&self) -> &str {
        &self.sections[0]
    }

    pub(crate) fn last(&self) -> &str {
        self.sections.last().map_or("", |section| section)
    }

    /// Adds the results for one length.
    pub(crate) fn add(&mut self, elements: usize, measured: Vec<Measured>) {
        let find = |way: Way, activation: Option<Activation>| {
            let of = |m: &&Measured| m.way == way && m.activation == activation;
            measured.iter().find(of).map_or(f64::NAN, |m| m.seconds)
        };
        let (copy, kernel) = (find(Way::BufferCopy, None), find(Way::KernelCopy, None));
        let length = binary(elements);
        let mut text = format!(
            "## {length} elements\n\n\
             Rates count bytes read and written. The last columns are the rate over that of the copy, and the rate of \
             wgpu-relu (recorded, for the same work) over that of the row.\n\n\
             | | µs | GB/s | error | over the copy | wgpu-relu over it |\n\
             | --- | --- | --- | --- | --- | --- |\n"
        );
        for m in &measured {
            self.rows.push(serde_json::json!({
                "activation": m.activation.map(|activation| activation.to_string()),
                "way": m.way.to_string(),
                "elements": elements,
                "seconds": m.seconds,
            }));
            let bytes = m.way.bytes() * elements;
            let rate = bytes as f64 / m.seconds;
            let copy_rate = (Way::BufferCopy.bytes() * elements) as f64 / copy;
            let same = match m.way {
                Way::BurnBoth => Some(Way::Both),
                Way::BufferCopy | Way::KernelCopy => None,
                _ => Some(Way::Recorded),
            };
            let own = same.map(|way| m.seconds / find(way, m.activation));
            let what = match m.activation {
                None => m.way.to_string(),
                Some(activation) => format!("{activation}: {}", m.way),
            };
            let _ = writeln!(
                text,
                "| {what} | {:.1} | {:.2} | {} | {:.3} | {} |",
                m.seconds * 1e6,
                rate / 1e9,
                if m.errors.ulp == 0.0 {
                    "0".to_owned()
                } else {
                    format!("{:.1} ulp, {:.1e}", m.errors.ulp, m.errors.distance)
                },
                rate / copy_rate,
                own.map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
            );
        }
        self.sections.push(text);

        let mut aim = |text: String, aim: Aim, found: f64| {
            // A ratio that was not measured has no row.
            if found.is_finite() {
                self.figures.push(Figure { text: format!("{text}, {length}"), aim, found });
            }
        };
        let by_name = |name: &str| {
            let named = |m: &&Measured| m.activation.is_some_and(|a| a.name() == name);
            measured.iter().find(named).and_then(|m| m.activation)
        };
        let time = |way: Way, name: &str| by_name(name).map_or(f64::NAN, |a| find(way, Some(a)));
        let relu = time(Way::Recorded, "relu");
        for name in ["relu", "leaky_relu"] {
            let ratio = kernel / time(Way::Recorded, name);
            aim(format!("{name} over a kernel that only copies"), Aim::AtLeast(0.97), ratio);
        }
        let out_of_place = if elements >= 1 << 24 { 0.33 } else { 0.40 };
        if elements >= 1 << 20 {
            let text = "relu over copy_buffer_to_buffer".to_owned();
            aim(text, Aim::AtLeast(out_of_place), copy / relu);
        }
        if elements >= 1 << 24 {
            let text = "relu in place over copy_buffer_to_buffer".to_owned();
            aim(text, Aim::AtLeast(0.60), copy / time(Way::RecordedInPlace, "relu"));
        }
        for name in ["elu", "gelu", "silu", "mish"] {
            let ratio = relu / time(Way::Recorded, name);
            aim(format!("{name} over relu"), Aim::AtLeast(0.70), ratio);
        }
        for name in ["relu", "leaky_relu", "gelu"] {
            let ratio = time(Way::Burn, name) / time(Way::Recorded, name);
            aim(format!("{name} over Burn's"), Aim::AtLeast(4.0), ratio);
        }
    }

    /// Adds the results of PReLU and the gated units for one length.
    pub(crate) fn add_kinds(&mut self, elements: usize, rows: &[kinds::Row]) {
        let length = binary(elements);
        let mut text = format!(
            "## PReLU and gated units, {length} elements\n\n\
             wgpu-relu is recorded, Burn is flushed after each operation. A single gradient has no forward part, which Burn \
             does beforehand. dy is 1. Rates count the bytes that wgpu-relu moves per element of x. Errors are relative \
             above 1, and those of dw relative to the sum of its terms' magnitudes. (lavapipe ends loops after 65,535 \
             iterations and reports nothing. Long sums of Burn are ended so: their results are wrong, their times too short.)\n\n\
             | | wgpu-relu, µs | GB/s | error | Burn, µs | GB/s | error | wgpu-relu over it |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        );
        for kinds::Row { kind, step, own, burn } in rows {
            let cells = |m: &kinds::Measured| {
                let rate = (kind.bytes(*step) * elements) as f64 / m.seconds / 1e9;
                let wrong = if m.error > kinds::LOOSE { ", wrong" } else { "" };
                format!("{:.1} | {rate:.2} | {:.1e}{wrong}", m.seconds * 1e6, m.error)
            };
            let over = burn.seconds / own.seconds;
            let _ =
                writeln!(text, "| {kind}: {step} | {} | {} | {over:.2} |", cells(own), cells(burn));
            if *step == kinds::Step::Dw && burn.error <= kinds::LOOSE {
                self.figures.push(Figure {
                    text: format!("{kind}: {step} over Burn's, {length}"),
                    aim: Aim::AtLeast(3.0),
                    found: over,
                });
            }
        }
        self.sections.push(text);
    }

    /// Adds the results of the host's time.
    pub(crate) fn add_host(&mut self, measured: Vec<host::Measured>) {
        let find =
            |way: host::Way| measured.iter().find(|m| m.way == way).map_or(f64::NAN, |m| m.host);
        let recorded = find(host::Way::Recorded);
        let mut text = "## Host time per operation, 256 elements\n\n\
             Until the host is free again. Recorded operations: with the end of the encoder, without the one submit.\n\n\
             | | host, µs | over recorded | to completion, µs |\n\
             | --- | --- | --- | --- |\n"
            .to_owned();
        for m in &measured {
            let _ = writeln!(
                text,
                "| {} | {:.2} | {:.2} | {:.2} |",
                m.way,
                m.host * 1e6,
                m.host / recorded,
                m.to_completion * 1e6
            );
        }
        self.sections.push(text);
        let apply_into = find(host::Way::ApplyInto);
        for (own, way, most, text) in [
            (recorded, host::Way::HandWritten, 1.05, "host time recorded, over wgpu by hand"),
            (recorded, host::Way::Naive, 0.02, "host time recorded, over the naive way"),
            (apply_into, host::Way::Naive, 1.3, "host time of apply_into, over the naive way"),
        ] {
            let found = own / find(way);
            self.figures.push(Figure { text: text.to_owned(), aim: Aim::AtMost(most), found });
        }
        let mut text = "## Figures aimed at (on Mesa lavapipe)\n\n\
             | | aim | found | reached |\n| --- | --- | --- | --- |\n"
            .to_owned();
        for Figure { text: what, aim, found } in &self.figures {
            let (aim, reached) = match *aim {
                Aim::AtLeast(least) => (format!("at least {least}"), *found >= least),
                Aim::AtMost(most) => (format!("at most {most}"), *found <= most),
            };
            let reached = if reached { "yes" } else { "no" };
            let _ = writeln!(text, "| {what} | {aim} | {found:.3} | {reached} |");
        }
        self.sections.push(text);
    }

    /// The last two sections: the host's time and the figures.
    pub(crate) fn tail(&self) -> String {
        self.sections[self.sections.len().saturating_sub(2)..].join("\n")
    }

    /// The times so far as a JSON file.
    pub(crate) fn write_json(&self, path: &Path) -> Outcome<()> {
        let file = serde_json::json!({ "results": self.rows });
        Ok(std::fs::write(path, format!("{file:#}\n"))?)
    }

    pub(crate) fn write(&self) -> Outcome<()> {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/results").canonicalize()?;
        let path = folder.join(format!("peers-{}.md", self.slug));
        std::fs::write(&path, self.sections.join("\n"))?;
        println!("written to {}", path.display());
        Ok(())
    }
}

fn binary(length: usize) -> String {
    match length {
        _ if length.is_multiple_of(1 << 20) => format!("{} Mi", length >> 20),
        _ if length.is_multiple_of(1 << 10) => format!("{} Ki", length >> 10),
        _ => length.to_string(),
    }
}
