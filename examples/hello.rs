//! GELU of three numbers on the GPU.
//!
//! ```sh
//! cargo run --example hello
//! ```

use wgpu_relu::{Activation, Gpu, reference};

fn main() -> wgpu_relu::Result<()> {
    let gpu = Gpu::new()?;
    let x = [-1.0, 0.0, 2.0];
    let buffer = gpu.upload(&x)?;
    Activation::Gelu.on(&gpu)?.apply_in_place(&buffer)?;
    let y = gpu.download(&buffer)?;

    println!("gelu({x:?}) = {y:?} on {}", gpu.adapter_info().name);
    for (&x, &y) in x.iter().zip(&y) {
        assert!(reference::value_ulp_error(Activation::Gelu, x, y) <= 2.0);
    }
    Ok(())
}

#[test]
fn hello_runs() -> wgpu_relu::Result<()> {
    main()
}
