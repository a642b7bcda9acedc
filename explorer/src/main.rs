//! Shows activations, and networks that learn with them, in a window or on a web page. Everything is computed on the
//! device that egui opened.
//!
//! ```sh
//! cargo xtask explorer
//! cargo xtask explorer --view "tab=stories&story=dies"
//! cargo xtask explorer --web
//! ```

mod app;
#[cfg(not(target_arch = "wasm32"))]
mod file;
#[cfg(not(target_arch = "wasm32"))]
mod frames;
mod labels;
mod learn;
mod look;
#[cfg(not(target_arch = "wasm32"))]
mod offscreen;
mod pace;
mod player;
mod run;
mod state;
mod stories;
mod surface;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "wasm32")]
mod web;
#[cfg(not(target_arch = "wasm32"))]
mod window;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    window::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    web::main();
}
