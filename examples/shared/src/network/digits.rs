//! The digits that the repository ships; data/README.md says where they come from.

use super::trainer::Samples;

pub const PIXELS: usize = 64;
pub const CLASSES: usize = 10;

/// Grey values, brought to mean 0 and variance 1 over all pixels, and a 1 for the class.
pub fn load() -> Result<Samples, String> {
    let read = |bytes: &[u8], name: &str| -> Result<Vec<u8>, String> {
        let file = npyz::NpyFile::new(bytes).map_err(|error| format!("{name}: {error}"))?;
        file.into_vec().map_err(|error| format!("{name}: {error}"))
    };
    let pixels = read(include_bytes!("../../../../data/digits.npy"), "digits.npy")?;
    let labels = read(include_bytes!("../../../../data/digit_labels.npy"), "digit_labels.npy")?;
    let mut targets = vec![0.0; CLASSES * labels.len()];
    for (row, &label) in targets.chunks_mut(CLASSES).zip(&labels) {
        row[usize::from(label)] = 1.0;
    }
    let count = pixels.len() as f64;
    let mean = pixels.iter().map(|&grey| f64::from(grey)).sum::<f64>() / count;
    let squares = pixels.iter().map(|&grey| (f64::from(grey) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / count).sqrt();
    let inputs = pixels.iter().map(|&grey| ((f64::from(grey) - mean) / deviation) as f32).collect();
    Ok(Samples { inputs, targets, widths: [PIXELS, CLASSES] })
}
