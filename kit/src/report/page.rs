//! The page for readers.

use std::fmt::Write;

use crate::part::{Done, Status};

use super::table::{Table, size};
use super::{Results, failures, speed};

pub(super) fn page(results: &Results) -> String {
    let mut page = head(results);
    let mut section = |title: &str, text: Option<String>| {
        if let Some(text) = text {
            let _ = write!(page, "## {title}\n\n{text}");
        }
    };
    section("Is it right?", Some(failures::verdicts(results)));
    section("What failed?", failures::section(results));
    section("How fast is it beside a copy?", speed::beside_the_copy(results));
    section("How fast is it beside PyTorch?", speed::beside_torch(results));
    section("How fast is it beside Burn and naive kernels?", speed::beside_burn(results));
    section(
        "What do fused forms, 16-bit floats, masks, strides and sums cost?",
        speed::forms(results),
    );
    section("Which compute grid is fast?", speed::sweep(results));
    for (name, title) in [
        ("transfers", "How fast are uploads, downloads and streams?"),
        ("textures", "How fast are textures?"),
        ("cold-start", "What does the first use cost?"),
        ("renderer", "What does a frame of the renderer cost?"),
        ("accuracy", "How large are the errors over the range of f32?"),
    ] {
        section(title, printed(results, name));
    }
    section("Which parts ran?", Some(parts(results)));
    page.trim_end().to_owned() + "\n"
}

fn head(results: &Results) -> String {
    let mut text = format!("# wgpu-relu on {}\n\n", results.of_adapter("name"));
    let mut table = Table::new(&["", ""]);
    let mib = |key: &str| match results.adapter[key].as_u64() {
        Some(bytes) => format!("{} MiB", bytes >> 20),
        None => "not told".to_owned(),
    };
    let number =
        |key: &str| results.adapter[key].as_u64().map_or("not told".to_owned(), |n| n.to_string());
    table.row(&["adapter", results.of_adapter("name")]);
    table.row(&["type", results.of_adapter("type")]);
    table.row(&["backend", results.of_adapter("backend")]);
    let driver = format!("{} {}", results.of_adapter("driver"), results.of_adapter("driver_info"));
    table.row(&["driver", &driver]);
    table.row(&["largest buffer", &mib("max_buffer_size")]);
    table.row(&["largest binding", &mib("max_storage_buffer_binding_size")]);
    table.row(&["invocations per workgroup", &number("max_compute_invocations_per_workgroup")]);
    table.row(&["workgroups per dimension", &number("max_compute_workgroups_per_dimension")]);
    table.row(&["date", &results.date]);
    table.row(&["kit", &results.version]);
    text += &table.finish().unwrap_or_default();
    if results.is_software() {
        text += "This is a software adapter, which computes on the CPU. Sizes are small so that the run ends in time, and no \
                 time here says anything about a GPU.\n\n";
    }
    text += "`cargo xtask kit` makes the folder that wrote this page (docs/guide/measuring.md). All ratios are between \
             times of this run.\n\n";
    text
}

/// What a part printed, as it is: Markdown where it has tables.
fn printed(results: &Results, name: &str) -> Option<String> {
    let out = &results.text(name)?.out;
    if out.is_empty() {
        return None;
    }
    // A heading in it would be one of the page.
    let lines = out.lines().map(|line| line.trim_start_matches("# "));
    let text = lines.collect::<Vec<_>>().join("\n");
    if text.contains("| ---") {
        Some(format!("{text}\n\n"))
    } else {
        Some(format!("```text\n{text}\n```\n\n"))
    }
}

fn parts(results: &Results) -> String {
    let mut table = Table::new(&["part", "what came of it", "seconds", "command"]);
    for part in &results.parts {
        let Done { name, command, seconds, .. } = part;
        let command = format!("`{command}`");
        table.row(&[name, &outcome(part), &format!("{seconds:.1}"), &command]);
    }
    table.finish().unwrap_or_default()
}

pub(super) fn outcome(part: &Done) -> String {
    match &part.status {
        Status::Passed => "passed".to_owned(),
        Status::Failed(how) => format!("**failed**: {how}"),
        Status::OutOfTime(limit) => format!("ended at its limit of {limit:.0} s"),
        Status::Skipped(why) => format!("skipped: {why}"),
    }
}

/// The head of a table whose columns are sizes.
pub(super) fn head_of_sizes(first: &str, sizes: &[u64]) -> Vec<String> {
    let sizes = sizes.iter().map(|&elements| size(elements));
    [first.to_owned()].into_iter().chain(sizes).collect()
}
