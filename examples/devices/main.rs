//! Lists the adapters, and the one that `Gpu::new()` opens. `wgpu-relu devices` prints the same.
//!
//! ```sh
//! cargo run --example devices
//! WGPU_BACKEND=gl cargo run --example devices
//! ```

mod list;

use std::process::ExitCode;

use wgpu_relu::GpuOptions;

fn main() -> ExitCode {
    let (found, taken) = list::adapters(&GpuOptions::default());
    print!("{}", list::text(&found));
    match taken {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
