//! `wgpu-relu devices`.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;
use testkit::devices::{self, Found};

use crate::adapter::{Choice, Name};
use crate::{Outcome, messages};

/// List the adapters, and the one that the other commands take
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    /// As `--adapter` takes it: `#0`.
    number: usize,
    #[serde(flatten)]
    adapter: Name,
    /// Of vendor and device, in hexadecimal, as `--adapter` takes them: `10de:2330`.
    ids: String,
    pci_bus_id: String,
    taken: bool,
    max_buffer_size: u64,
    max_storage_buffer_binding_size: u64,
    max_compute_invocations_per_workgroup: u32,
    max_compute_workgroups_per_dimension: u32,
}

pub(crate) fn run(
    choice: &Choice,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let (found, taken) = devices::adapters(&choice.options());
    if arguments.json {
        let rows: Vec<Row> = found.iter().enumerate().map(row).collect();
        serde_json::to_writer_pretty(&mut *out, &rows).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", devices::text(&found))?;
    }
    for error in taken?.skipped() {
        messages::note(&format_args!("not taken: {error}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn row((number, found): (usize, &Found)) -> Row {
    let Found { info, limits, taken } = found;
    Row {
        number,
        adapter: info.into(),
        ids: format!("{:04x}:{:04x}", info.vendor, info.device),
        pci_bus_id: info.device_pci_bus_id.clone(),
        taken: *taken,
        max_buffer_size: limits.max_buffer_size,
        max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
        max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
        max_compute_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
    }
}
