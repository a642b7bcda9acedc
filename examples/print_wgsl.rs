//! Prints every WGSL module, a line of JSON each, `[name, source]`: for compilers other than naga.
//!
//! ```sh
//! cargo xtask tint
//! ```

use wgpu_relu::{Activation, wgsl};

fn main() {
    let alone = Activation::ALL.iter().map(|a| (a.name().to_owned(), a.wgsl().to_owned()));
    let together = ("all activations".to_owned(), wgsl::module(Activation::ALL));
    let curve = (
        "examples/shared/src/curve".to_owned(),
        include_str!("shared/src/curve/curve.wgsl").to_owned(),
    );
    for (name, source) in alone.chain([together, curve]).chain(wgsl::kernels()) {
        println!("{}", serde_json::json!([name, source]));
    }
}
