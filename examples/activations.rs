//! Writes all texts that list the activations: docs/ACTIVATIONS.md with its plots, a table in README.md, and
//! tests/data/activations.tsv.
//!
//! ```sh
//! cargo xtask activations
//! ```

use std::process::ExitCode;

use testkit::activations;

fn main() -> ExitCode {
    match activations::write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("activations: {error}");
            ExitCode::FAILURE
        }
    }
}
