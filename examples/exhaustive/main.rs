//! Every one of the 2^32 f32 bit patterns through ReLU on the GPU, compared bit for bit with NumPy's
//! `np.maximum(0, x)`. Takes a minute or two on a software adapter.
//!
//! ```sh
//! cargo xtask exhaustive
//! ```

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use testkit::exhaustive;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> wgpu_relu::Result<usize> {
    let gpu = wgpu_relu::Gpu::new()?;
    let info = gpu.adapter_info();
    println!("adapter    {} ({:?})", info.name, info.backend);
    let terminal = std::io::stderr().is_terminal();
    let differing = exhaustive::relu(&gpu, 0..256, |block| {
        if terminal {
            eprint!("\r{:3} %", (block + 1) * 100 / 256);
            let _ = std::io::stderr().flush();
        }
    })?;
    if terminal {
        eprint!("\r     \r");
    }
    for bits in differing.iter().take(10) {
        println!("differs at {bits:#010x} ({:e})", f32::from_bits(*bits));
    }
    println!(
        "relu against np.maximum(0, x): {} differing of {}",
        differing.len(),
        exhaustive::BLOCK * 256
    );
    Ok(differing.len())
}
