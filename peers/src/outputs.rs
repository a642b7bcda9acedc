//! Burn's results over the range of f32, as files for `cargo xtask accuracy --outputs`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use wgpu_relu::Activation;

use crate::{Outcome, device, in_burn};

/// Writes `<activation>.forward.f32` and `<activation>.gradient.f32` (dy = 1) for every activation of Burn: f32,
/// little-endian, for the inputs whose bits are 0, `stride`, 2 `stride` and so on.
pub(crate) fn write(stride: u32, folder: &Path) -> Outcome<()> {
    let shared = device::open()?;
    let inputs: Vec<f32> = (0..=u32::MAX).step_by(stride as usize).map(f32::from_bits).collect();
    let info = shared.gpu.adapter_info();
    println!("{} inputs, Burn on {} ({})", inputs.len(), info.name, info.backend);
    std::fs::create_dir_all(folder)?;
    let x = in_burn::tensor(&inputs, &shared.burn);
    for &activation in Activation::ALL {
        let name = activation.name();
        let Some(function) = in_burn::function(activation) else {
            println!("{name}: Burn has none");
            continue;
        };
        let y = in_burn::values(function(x.clone()))?;
        let (_, dx) = in_burn::forward_and_gradient(&*function, &x)?;
        let dx = in_burn::values(dx)?;
        for (kind, values) in [("forward", y), ("gradient", dx)] {
            let mut file = BufWriter::new(File::create(folder.join(format!("{name}.{kind}.f32")))?);
            for value in values {
                file.write_all(&value.to_le_bytes())?;
            }
            file.flush()?;
        }
        println!("{name}: written");
    }
    Ok(())
}
