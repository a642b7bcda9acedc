//! Lists the WGSL modules that GPUs run, and prints one.
//!
//! ```sh
//! cargo xtask wgsl                         # the names of all
//! cargo xtask wgsl gelu gradient f16       # the names with these words
//! cargo xtask wgsl gelu gradient f16 one   # the only one with these words, whole
//! ```

use std::process::ExitCode;

use clap::Parser;
use testkit::modules;
use wgpu_relu::{Activation, wgsl};

/// Lists the WGSL modules that GPUs run. With words that only one name has, prints that module.
#[derive(Parser)]
#[command(name = "wgsl", version)]
struct Arguments {
    /// Words of the name, in any order; "relu forward f32 four" is one name
    words: Vec<String>,
    /// Write tests/data/wgsl anew
    #[arg(long, conflicts_with = "words")]
    update: bool,
    /// Print every module as a line of JSON, [name, source], for compilers other than naga
    #[arg(long, conflicts_with_all = ["words", "update"])]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.update {
        return match modules::write() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("wgsl: tests/data/wgsl: {error}");
                ExitCode::FAILURE
            }
        };
    }
    if arguments.json {
        print_json();
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> =
        arguments.words.iter().flat_map(|w| w.split(' ')).map(str::to_owned).collect();
    let has_all = |name: &str| words.iter().all(|word| name.split(' ').any(|part| part == word));
    let mut found = modules::all();
    found.retain(|(name, _)| has_all(name));
    // A name may be part of others: "relu forward f32 four" is one of "relu forward f32 four [ReadWrite, …]".
    let exact = found.iter().position(|(name, _)| name.split(' ').count() == words.len());
    match (found.as_slice(), exact) {
        ([], _) => {
            eprintln!(
                "wgsl: no module has the words {words:?}; without words, all names are listed"
            );
            return ExitCode::FAILURE;
        }
        ([(_, source)], _) => print!("{source}"),
        (_, Some(index)) => print!("{}", found[index].1),
        _ => found.iter().for_each(|(name, _)| println!("{name}")),
    }
    ExitCode::SUCCESS
}

fn print_json() {
    let alone = Activation::ALL.iter().map(|a| (a.name().to_owned(), a.wgsl().to_owned()));
    let together = ("all activations".to_owned(), wgsl::module(Activation::ALL));
    let curve = (
        "examples/shared/src/curve".to_owned(),
        concat!(
            include_str!("shared/src/viewport.wgsl"),
            include_str!("shared/src/curve/curve.wgsl")
        )
        .to_owned(),
    );
    for (name, source) in alone.chain([together, curve]).chain(wgsl::kernels()) {
        println!("{}", serde_json::json!([name, source]));
    }
}
