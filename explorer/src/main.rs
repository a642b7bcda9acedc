//! Shows activations, and networks that learn with them, in a window. Everything is computed on the
//! device that egui opened.
//!
//! ```sh
//! cargo xtask explorer
//! cargo xtask explorer --view "tab=stories&story=dies"
//! ```

mod app;
mod learn;
mod look;
mod offscreen;
mod pace;
mod run;
mod state;
mod stories;
mod surface;
#[cfg(test)]
mod tests;
mod window;

fn main() -> std::process::ExitCode {
    window::main()
}
