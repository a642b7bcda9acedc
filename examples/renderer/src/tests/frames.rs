//! The objects of a frame, and events between frames.

use super::{SIZE, cpu, device, difference, drawn, look, offscreen, picture};
use crate::device::Device;
use crate::error::Error;
use crate::field::Field;
use crate::look::{Look, Mode};
use crate::offscreen::Offscreen;
use crate::renderer::Renderer;
use crate::view::View;

/// Objects that are alive on the device, as wgpu counts them: buffers, textures, views, bind groups, layouts,
/// pipelines, modules, query sets, samplers, and allocations.
fn objects(device: &Device) -> [isize; 11] {
    let counters = device.device.get_internal_counters().hal;
    [
        counters.buffers.read(),
        counters.textures.read(),
        counters.texture_views.read(),
        counters.bind_groups.read(),
        counters.bind_group_layouts.read(),
        counters.render_pipelines.read(),
        counters.compute_pipelines.read(),
        counters.pipeline_layouts.read(),
        counters.shader_modules.read(),
        counters.query_sets.read(),
        counters.memory_allocations.read(),
    ]
}

#[test]
fn a_frame_makes_no_object() {
    for mode in [Mode::Recorded, Mode::Fused] {
        let (device, field) = (device(), Field::built_in().unwrap());
        let look = look("gelu", mode);
        let (mut renderer, target) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
        // Until the number of frames in flight does not grow.
        let frame = |number: u8, renderer: &mut Renderer| {
            target.draw(renderer, View::default().drifted(number.into())).unwrap();
            // The objects of a frame live until it is done, and would be counted here. So frames wait two by two.
            let alive = objects(&device);
            if number % 2 == 1 {
                target.wait().unwrap();
            }
            alive
        };
        for number in 0..8 {
            frame(number, &mut renderer);
        }
        let before = objects(&device);
        assert!(before[0] > 5 && before[3] > 2 && before[6] > 2, "the counters count: {before:?}");
        for number in 8..24 {
            let after = frame(number, &mut renderer);
            assert_eq!(after, before, "{mode:?}, frame {number}");
        }
        // The counters notice objects that a frame must not create.
        device.queue.write_buffer(&scratch(&device), 0, &[0; 4]);
        assert_ne!(objects(&device), before);
    }
}

fn scratch(device: &Device) -> wgpu::Buffer {
    device.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4,
        usage: wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// The number of a submit of its own. wgpu tells it nowhere but in Debug, and gives numbers to requests for mapped
/// buffers, too.
fn number(device: &Device) -> u64 {
    let text = format!("{:?}", device.queue.submit([]));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn a_frame_submits_once() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("gelu", Mode::Recorded);
    let (mut renderer, target) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
    let before = number(&device);
    assert_eq!(number(&device), before + 1);
    for _ in 0..5 {
        target.draw(&mut renderer, View::default()).unwrap();
        target.wait().unwrap();
    }
    // The view's buffer is asked for again, and the timestamps.
    let requests = 1 + u64::from(renderer.is_timed());
    assert_eq!(number(&device), before + 1 + 5 * (1 + requests) + 1);
}

#[test]
fn sizes_come_and_go() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("gelu", Mode::Recorded);
    let before = picture(&device, &field, look, SIZE);
    let (mut renderer, _) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
    for size in [[1, 1], [3, 200], SIZE, [128, 40], SIZE] {
        renderer.resize(size).unwrap();
        assert_eq!(renderer.size(), size);
        let target = Offscreen::new(&device, size, Offscreen::FORMAT);
        let pixels = drawn(&mut renderer, &target, View::default());
        let exact = cpu::levels(&field, look.activation, View::default(), size);
        let off = pixels.iter().zip(&exact).map(|(&pixel, exact)| (f64::from(pixel) - exact).abs());
        let worst = off.fold(0.0, f64::max);
        assert!(worst < 0.55, "{size:?}: {worst} levels off");
        if size == SIZE {
            assert_eq!(difference(&pixels, &before), 0);
        }
    }
    for size in [[0, 5], [5, 0], [1 << 30, 1]] {
        let error = renderer.resize(size).unwrap_err();
        assert!(matches!(error, Error::Size { .. }), "{error}");
    }
    assert_eq!(renderer.size(), SIZE);
    let most = device.device.limits().max_texture_dimension_2d;
    if 12 * u64::from(most).pow(2) > device.device.limits().max_storage_buffer_binding_size {
        let error = renderer.resize([most, most]).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    let target = Offscreen::new(&device, SIZE, Offscreen::FORMAT);
    assert_eq!(drawn(&mut renderer, &target, View::default()), before);
}

#[test]
fn looks_change_between_frames() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let start = look("elu(alpha=1)", Mode::Recorded);
    let (mut renderer, target) = offscreen(&device, &field, start, SIZE, Offscreen::FORMAT);
    drawn(&mut renderer, &target, View::default());
    for (text, mode) in [
        ("elu(alpha=0.5)", Mode::Recorded),
        ("elu(alpha=0.5)", Mode::Fused),
        ("elu(alpha=2)", Mode::Fused),
        ("relu", Mode::Fused),
        ("elu(alpha=0.5)", Mode::Recorded),
    ] {
        let look = look(text, mode);
        renderer.set_look(look).unwrap();
        assert_eq!(renderer.look(), look);
        let pixels = drawn(&mut renderer, &target, View::default());
        assert_eq!(pixels, picture(&device, &field, look, SIZE), "{look:?}");
    }
    let activation = wgpu_relu::Activation::Elu { alpha: f32::NAN };
    let refused = renderer.set_look(Look { activation, mode: Mode::Recorded });
    assert!(matches!(refused, Err(Error::Crate(_))), "{refused:?}");
    let last = picture(&device, &field, renderer.look(), SIZE);
    assert_eq!(drawn(&mut renderer, &target, View::default()), last);
}

#[test]
fn times_come_where_there_are_timestamps() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let has = device.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
    for mode in [Mode::Recorded, Mode::Fused] {
        let look = look("gelu", mode);
        let (mut renderer, target) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
        assert_eq!(renderer.is_timed(), has);
        let start = std::time::Instant::now();
        for frame in 0..5u8 {
            target.draw(&mut renderer, View::default().drifted(frame.into())).unwrap();
            target.wait().unwrap();
        }
        let wall = start.elapsed().as_secs_f64() * 1e3;
        let Some(times) = renderer.times() else {
            assert!(!has, "no times, but timestamps");
            continue;
        };
        assert!(times.products > 0.0 && times.total() <= wall, "{times} of {wall} ms for five");
        assert_eq!(times.activations > 0.0, mode == Mode::Recorded, "{times}");
    }
}

#[test]
fn a_lost_device_is_an_error() {
    let (device, field) = (device(), Field::built_in().unwrap());
    let look = look("gelu", Mode::Recorded);
    let (mut renderer, target) = offscreen(&device, &field, look, SIZE, Offscreen::FORMAT);
    target.draw(&mut renderer, View::default()).unwrap();
    device.device.destroy();
    let drawn = (0..4).find_map(|_| target.draw(&mut renderer, View::default()).err());
    assert!(matches!(drawn, Some(Error::DeviceLost { .. } | Error::Refused { .. })), "{drawn:?}");
    let resized = renderer.resize([8, 8]);
    assert!(resized.is_err());
}
