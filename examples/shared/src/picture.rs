//! Pictures: a computed one, or a `.png` file.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use png::{BitDepth, ColorType, Transformations};

/// The most pixels per side, because all pixels are on the device.
const LARGEST: u32 = 512;

/// Red, green and blue from 0 to 1, row by row.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub values: Vec<f32>,
}

impl Picture {
    /// A sun over hills and their mirror image in a lake: slow gradients, sharp edges, fine lines.
    pub fn made(width: u32, height: u32) -> Self {
        let mut values = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let at = |n: u32, of: u32| (n as f32 + 0.5) / of as f32;
                values.extend(colour(at(x, width), at(y, height)));
            }
        }
        Picture { width, height, values }
    }

    /// Reads 8 bits per channel from any format of pixels, and ignores transparency.
    pub fn open(path: &Path) -> Result<Self, String> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let file = File::open(path).map_err(|error| told(&error))?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|error| told(&error))?;
        let (width, height) = reader.info().size();
        if width > LARGEST || height > LARGEST {
            return Err(told(&format_args!(
                "{width} x {height} pixels, and this example stops at {LARGEST} x {LARGEST}; scale it down"
            )));
        }
        let size = reader.output_buffer_size().ok_or_else(|| told(&"too large"))?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes).map_err(|error| told(&error))?;
        let channels = frame.color_type.samples();
        let value = |byte: u8| f32::from(byte) / 255.0;
        let rgb = |pixel: &[u8]| match pixel {
            [r, g, b, ..] => [value(*r), value(*g), value(*b)],
            _ => [value(pixel[0]); 3],
        };
        let values = bytes[..frame.buffer_size()].chunks_exact(channels).flat_map(rgb).collect();
        Ok(Picture { width, height, values })
    }

    pub fn save(&self, path: &Path) -> Result<(), String> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let file = File::create(path).map_err(|error| told(&error))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        let bytes: Vec<u8> =
            self.values.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        let mut writer = encoder.write_header().map_err(|error| told(&error))?;
        writer.write_image_data(&bytes).map_err(|error| told(&error))?;
        writer.finish().map_err(|error| told(&error))
    }
}

/// The colour at a place; both coordinates go from 0 to 1, the second one down.
fn colour(x: f32, y: f32) -> [f32; 3] {
    const SHORE: f32 = 0.66;
    if y <= SHORE {
        return over_land(x, y);
    }
    // The lake: darker, squeezed, and with ripples that widen towards the viewer.
    let depth = (y - SHORE) / (1.0 - SHORE);
    let ripple = 0.02 * depth * (90.0 * depth.sqrt() + 6.0 * x).sin();
    let [r, g, b] = over_land(x + ripple, SHORE - 0.6 * (y - SHORE));
    [0.62 * r, 0.68 * g, 0.78 * b + 0.06]
}

fn over_land(x: f32, y: f32) -> [f32; 3] {
    // From the nearest hills to the farthest.
    let ridge = |base: f32, height: f32, pitch: f32, phase: f32| {
        let wave = (pitch * x + phase).sin() + 0.4 * (2.7 * pitch * x + 2.0 * phase).sin();
        base - height * wave
    };
    for (top, hill) in [
        (ridge(0.60, 0.04, 7.0, 0.4), [0.10, 0.16, 0.17]),
        (ridge(0.52, 0.05, 5.0, 2.1), [0.22, 0.27, 0.36]),
        (ridge(0.43, 0.06, 3.5, 4.0), [0.45, 0.40, 0.52]),
    ] {
        if y > top {
            return hill;
        }
    }
    let sun = ((x - 0.68).powi(2) + (y - 0.26).powi(2)).sqrt();
    if sun < 0.085 {
        return [1.0, 0.93, 0.72];
    }
    let glow = (-9.0 * sun).exp();
    let sky = [0.96 - 0.62 * (0.5 - y), 0.66 - 0.42 * (0.5 - y), 0.50 + 0.30 * (0.5 - y)];
    let lit = [0.04, 0.25, 0.12];
    [0, 1, 2].map(|i| (sky[i] + lit[i] * glow * 2.0).clamp(0.0, 1.0))
}
