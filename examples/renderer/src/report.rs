//! Writes a picture into a file, and prints its times.

use std::path::Path;

use crate::device::{self, Device};
use crate::error::Result;
use crate::field::Field;
use crate::look::Look;
use crate::offscreen::{self, Offscreen};
use crate::renderer::Renderer;
use crate::timing::Times;
use crate::view::View;

/// The timed frames, between a frame that warms up and a frame that only reads.
const FRAMES: usize = 3;

/// Draws the field, writes the picture, and prints the times of its parts, in both modes.
pub(crate) fn offscreen(field: &Field, look: Look, size: [u32; 2], path: &Path) -> Result<()> {
    let instance = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(device::descriptor(instance));
    let (device, _) = pollster::block_on(Device::open(&instance, None))?;
    let info = &device.info;
    println!("adapter   {} ({:?}, {:?})", info.name, info.backend, info.device_type);
    let mut renderer = Renderer::new(&device, field, look, size, Offscreen::FORMAT)?;
    let target = Offscreen::new(&device, size, Offscreen::FORMAT);
    target.draw(&mut renderer, View::default())?;
    offscreen::write(path, size, &target.pixels()?)?;
    let Look { activation, mode } = look;
    println!(
        "picture   {} x {} pixels in {} bands, {activation}",
        size[0],
        size[1],
        renderer.bands()
    );
    println!("saved     {}", path.display());
    if !renderer.is_timed() {
        println!(
            "times     not to be had: no timestamps on this device, or too many passes for them"
        );
        return Ok(());
    }
    for mode in [mode, mode.other()] {
        renderer.set_look(Look { activation, mode })?;
        let mut frames = Vec::new();
        for frame in 0..FRAMES + 2 {
            // A new place in every frame, as in a window.
            target.draw(&mut renderer, View::default().drifted(frame as f32))?;
            target.wait()?;
            // The times of the previous frame: timestamps are read when the next frame begins.
            frames.extend(renderer.times().filter(|_| frame > 1));
        }
        if let Some(times) = median(frames) {
            println!("{:<9} {times}", mode.name());
        }
    }
    Ok(())
}

/// The median frame, by its total time.
fn median(mut frames: Vec<Times>) -> Option<Times> {
    frames.sort_by(|a, b| a.total().total_cmp(&b.total()));
    frames.get(frames.len() / 2).copied()
}
