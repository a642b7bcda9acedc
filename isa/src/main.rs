//! What AMD's compiler makes of the kernels, without a card: registers, scratch memory, widths of accesses, cycles.
//!
//! Mesa's RADV compiles for the card that RADV_FORCE_FAMILY names. `cargo xtask isa` installs it and sets that.

mod assembly;
mod card;
mod device;
mod kernel;
mod report;
mod rules;
mod spirv;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use clap::Parser;

use card::{CARDS, Card};
use device::Device;
use kernel::Kernel;

/// Compiles every kernel by AMD's compiler and checks what it made. Without options, prints a table of the plain kernels.
#[derive(Parser)]
#[command(
    name = "isa",
    after_help = "Exit codes: 0 all is well; 1 a kernel breaks a rule, or something failed, as told; 2 a wrong command line."
)]
struct Arguments {
    /// Words of names ("relu forward f32 four"); only kernels with all of them are compiled, and their assembly is
    /// printed.
    #[arg(conflicts_with = "write")]
    words: Vec<String>,
    /// Writes the table to benches/results.
    #[arg(long)]
    write: bool,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Where the tables are kept.
const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/results");

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run(arguments: &Arguments) -> Outcome<bool> {
    let card = card()?;
    let device = Device::open().map_err(|error| format!("{error}; {REMEDY}"))?;
    if !device.name.to_lowercase().contains(card.family) {
        let Device { name, driver, .. } = &device;
        return Err(format!("{name:?} of {driver:?} is not {}; {REMEDY}", card.family).into());
    }
    let words: Vec<&str> = arguments.words.iter().flat_map(|word| word.split(' ')).collect();
    let mut sources = kernel::sources();
    sources.retain(|source| words.iter().all(|word| source.name.split(' ').any(|w| w == *word)));
    // The name itself, which may be a part of others.
    if let Some(at) = sources.iter().position(|s| s.name.split(' ').count() == words.len()) {
        sources = vec![sources.swap_remove(at)];
    }
    if sources.is_empty() {
        return Err("no kernel's name has these words; `cargo xtask wgsl` lists the names".into());
    }
    let kernels = kernel::compile(&device, &sources, !words.is_empty())?;
    if words.is_empty() {
        let page = report::page(&kernels, card, &device);
        io::stdout().write_all(page.as_bytes())?;
        if arguments.write {
            let path = Path::new(RESULTS).join(format!("isa-{}.md", card.family));
            fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    } else {
        for kernel in &kernels {
            let Kernel { name, statistics, code, assembly, .. } = kernel;
            writeln!(io::stdout(), "{name}: {statistics:?}, {code:?}\n{assembly}")?;
        }
    }
    let broken: Vec<String> =
        kernels.iter().flat_map(|kernel| rules::broken(kernel, card)).collect();
    if !broken.is_empty() {
        println!("\n{} rules are broken (isa/src/rules.rs):", broken.len());
        broken.iter().for_each(|rule| println!("{rule}"));
    }
    Ok(broken.is_empty())
}

const REMEDY: &str = "this needs Mesa's RADV 22.3 or newer, which compiles for a card that is not there (RADV_FORCE_FAMILY), \
                      and its driver alone: start it by `cargo xtask isa`, or name radeon_icd.*.json in VK_ICD_FILENAMES";

/// The card that the driver is told to compile for.
fn card() -> Result<&'static Card, String> {
    let family = env::var("RADV_FORCE_FAMILY").unwrap_or_default();
    CARDS.iter().find(|card| card.family == family).ok_or_else(|| {
        let known: Vec<&str> = CARDS.iter().map(|card| card.family).collect();
        format!("the card {family:?} in RADV_FORCE_FAMILY is none of {known:?}; take one of these, or add it in isa/src/card.rs")
    })
}
