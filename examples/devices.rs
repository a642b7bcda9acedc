//! Lists the adapters, and the one that `Gpu::new()` opens.
//!
//! ```sh
//! cargo run --example devices
//! WGPU_BACKEND=gl cargo run --example devices
//! ```

use std::process::ExitCode;

use wgpu_relu::{Gpu, wgpu};

fn main() -> ExitCode {
    let instance = wgpu::Instance::default();
    for adapter in pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())) {
        println!("found  {}", describe(&adapter.get_info()));
    }
    match Gpu::new() {
        Ok(gpu) => {
            println!("opens  {}", describe(&gpu.adapter_info()));
            let limits = gpu.device().limits();
            println!("       buffers up to {}", mebibytes(limits.max_buffer_size));
            println!("       bindings up to {}", mebibytes(limits.max_storage_buffer_binding_size));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn describe(info: &wgpu::AdapterInfo) -> String {
    format!("{} ({:?}, {:?}, {})", info.name, info.backend, info.device_type, info.driver_info)
}

/// `max_buffer_size` may be a whole number of MiB less a byte.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", (bytes >> 20) + (bytes >> 19 & 1))
}
