//! Lists the adapters, and the one that `Gpu::new()` opens. `wgpu-relu devices` prints the same.
//!
//! ```sh
//! cargo run --example devices
//! WGPU_BACKEND=gl cargo run --example devices
//! ```

use std::process::ExitCode;

use testkit::devices;
use wgpu_relu::GpuOptions;

fn main() -> ExitCode {
    let (found, taken) = devices::adapters(&GpuOptions::default());
    print!("{}", devices::text(&found));
    match taken {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
