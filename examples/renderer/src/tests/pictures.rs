//! The pictures are right in every mode.

use std::path::Path;

use demo::picture::Picture;

use super::{SIZE, cpu, device, difference, drawn, look, offscreen, picture};
use crate::field::{Field, Layer};
use crate::look::{Look, Mode};
use crate::offscreen::Offscreen;
use crate::view::View;

/// Levels by which a picture may differ from the same in f64, before that is rounded: 0.5 for the rounding, and
/// something for the arithmetic. In f32 with some 6e-8 a step, turns of up to 13 and sums of 64 products, all
/// layers and the sigmoid come to a few 1e-5 of the range, some 0.01 levels.
const TOLERANCE: f64 = 0.55;
/// So, two renderings round one value to neighbours at most.
const APART: u8 = 1;

fn worst(pixels: &[u8], exact: &[f64]) -> f64 {
    assert_eq!(pixels.len(), exact.len());
    let off = pixels.iter().zip(exact).map(|(&pixel, exact)| (f64::from(pixel) - exact).abs());
    off.fold(0.0, f64::max)
}

#[test]
fn the_bands_are_several_and_the_last_is_not_full() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("gelu", Mode::Fused);
    let (renderer, _) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
    assert_eq!(renderer.bands(), 4);
    assert_ne!((SIZE[0] * SIZE[1]).div_ceil(4) % (super::BAND / 4), 0);
}

#[test]
fn pictures_are_those_of_the_reference_in_both_modes() {
    let (device, field) = (device(), Field::built_in().unwrap());
    for text in ["gelu", "relu", "tanh", "elu(alpha=0.5)", "silu", "softplus(beta=2)", "leaky_relu"]
    {
        let modes = [Mode::Recorded, Mode::Fused].map(|mode| look(text, mode));
        let exact = cpu::levels(&field, modes[0].activation, View::default(), SIZE);
        let pictures = modes.map(|look| picture(&device, &field, look, SIZE));
        for (look, picture) in modes.iter().zip(&pictures) {
            let worst = worst(picture, &exact);
            assert!(worst <= TOLERANCE, "{look:?}: {worst} levels off");
        }
        let apart = difference(&pictures[0], &pictures[1]);
        assert!(apart <= APART, "{text}: recorded and fused are {apart} levels apart");
    }
}

#[test]
fn activations_give_different_pictures() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let texts = ["gelu", "relu", "tanh", "elu(alpha=0.5)", "elu", "silu"];
    let pictures = texts.map(|text| picture(&device, &field, look(text, Mode::Recorded), SIZE));
    for (index, picture) in pictures.iter().enumerate() {
        for (text, other) in texts.iter().zip(&pictures[..index]) {
            let apart = difference(picture, other);
            assert!(apart > 8, "{} and {text} are only {apart} levels apart", texts[index]);
        }
    }
}

#[test]
fn every_activation_is_the_same_recorded_and_fused() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let start = look("gelu", Mode::Recorded);
    let size = [16, 16];
    let (mut renderer, target) = offscreen(&device, &field, start, size, Offscreen::FORMAT);
    for &activation in wgpu_relu::Activation::ALL {
        let [recorded, fused] = [Mode::Recorded, Mode::Fused].map(|mode| {
            renderer.set_look(Look { activation, mode }).unwrap();
            drawn(&mut renderer, &target, View::default())
        });
        let apart = difference(&recorded, &fused);
        assert!(apart <= APART, "{activation}: {apart} levels apart");
        let exact = cpu::levels(&field, activation, View::default(), size);
        let worst = worst(&recorded, &exact);
        assert!(worst <= TOLERANCE, "{activation}: {worst} levels off");
    }
}

#[test]
fn the_built_in_field_shows_what_it_has_learnt() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let size = [128, 128];
    let look = Look { activation: field.hidden, mode: Mode::Recorded };
    let pixels = picture(&device, &field, look, size);
    // examples/train_field has trained the field on this picture.
    let learnt = Picture::made(size[0], size[1]);
    let seen = pixels.chunks_exact(4).flat_map(|pixel| &pixel[..3]);
    let square =
        |(&seen, learnt): (&u8, &f32)| (f64::from(seen) / 255.0 - f64::from(*learnt)).powi(2);
    let squares: f64 = seen.zip(&learnt.values).map(square).sum();
    let decibels = -10.0 * (squares / learnt.values.len() as f64).log10();
    assert!(decibels > 30.0, "{decibels} dB");
}

/// `cargo run --release --example renderer -- --offscreen docs/pictures/renderer.png --size 192x192`
#[test]
fn the_picture_in_the_documentation_is_what_is_drawn() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures/renderer.png");
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut stored = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut stored).unwrap();
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = Look { activation: field.hidden, mode: Mode::Recorded };
    let pixels = picture(&device, &field, look, [frame.width, frame.height]);
    let rgb: Vec<u8> = pixels.chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    let apart = difference(&rgb, &stored);
    assert!(apart <= APART, "{apart} levels apart");
}

#[test]
fn a_target_that_encodes_shows_the_same() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("gelu", Mode::Recorded);
    let plain = picture(&device, &field, look, SIZE);
    let format = wgpu::TextureFormat::Rgba8UnormSrgb;
    let (mut renderer, target) = offscreen(&device, &field, look, SIZE, format);
    let encoded = drawn(&mut renderer, &target, View::default());
    let apart = difference(&plain, &encoded);
    assert!(apart <= APART, "{apart} levels apart");
}

#[test]
fn another_view_is_right_too() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("silu", Mode::Fused);
    let (mut renderer, target) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
    for view in [
        View { centre: [0.7, 0.3], extent: 0.2 },
        View { centre: [-3.0, 2.0], extent: 4.0 },
        View::default().drifted(2.0),
    ] {
        let worst = worst(
            &drawn(&mut renderer, &target, view),
            &cpu::levels(&field, look.activation, view, SIZE),
        );
        assert!(worst <= TOLERANCE, "{view:?}: {worst} levels off");
    }
}

/// Widths that fill no block, one layer that is wider than a block, and numbers of frequencies likewise.
#[test]
fn fields_of_any_shape_are_right() {
    let device = device();
    let mut state = 1u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    for (frequencies, widths) in [(1, vec![1]), (5, vec![3, 37]), (33, vec![70, 18, 5, 16])] {
        let mut inputs = 2 * frequencies;
        let mut layers = Vec::new();
        for &outputs in widths.iter().chain(&[3]) {
            let scale = (3.0 / inputs as f32).sqrt();
            layers.push(Layer {
                inputs,
                outputs,
                weights: (0..inputs * outputs).map(|_| scale * number()).collect(),
                biases: (0..outputs).map(|_| number()).collect(),
            });
            inputs = outputs;
        }
        let field = Field {
            frequencies: (0..frequencies).map(|_| [8.0 * number(), 8.0 * number()]).collect(),
            layers,
            hidden: wgpu_relu::Activation::Gelu,
            output: wgpu_relu::Activation::Sigmoid,
        };
        for text in ["softplus", "relu"] {
            for mode in [Mode::Recorded, Mode::Fused] {
                let look = look(text, mode);
                let exact = cpu::levels(&field, look.activation, View::default(), SIZE);
                let worst = worst(&picture(&device, &field, look, SIZE), &exact);
                assert!(worst <= TOLERANCE, "{widths:?}, {look:?}: {worst} levels off");
            }
        }
    }
}
