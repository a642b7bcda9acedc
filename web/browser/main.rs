//! What runs in the browser: see `cargo xtask test-web`.
#![cfg(target_arch = "wasm32")]
