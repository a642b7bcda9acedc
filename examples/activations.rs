//! Writes docs/ACTIVATIONS.md and its plots from the table of activations.
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
            eprintln!("activations: docs: {error}");
            ExitCode::FAILURE
        }
    }
}
