//! Tests on the adapter that WGPU_BACKEND and WGPU_ADAPTER_NAME name.

mod cpu;
mod fields;
mod frames;
mod pictures;

use wgpu_relu::Activation;

use crate::device::{self, Device};
use crate::field::Field;
use crate::look::{Look, Mode};
use crate::offscreen::Offscreen;
use crate::renderer::Renderer;
use crate::view::View;

/// Sides that are no multiple of a vector or a workgroup.
const SIZE: [u32; 2] = [97, 61];
/// Several bands, with an odd number of vectors, and a last band that is not full.
const BAND: u32 = 1604;

fn device() -> Device {
    let instance = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(device::descriptor(instance));
    let (device, _) = pollster::block_on(Device::open(&instance, None))
        .expect("the tests need an adapter; `cargo xtask test` installs one");
    device
}

fn look(activation: &str, mode: Mode) -> Look {
    Look { activation: activation.parse::<Activation>().unwrap(), mode }
}

/// A renderer and its target.
fn offscreen(
    device: &Device,
    field: &Field,
    look: Look,
    size: [u32; 2],
    format: wgpu::TextureFormat,
) -> (Renderer, Offscreen) {
    let renderer = Renderer::with_band(device, field, look, size, format, BAND).unwrap();
    (renderer, Offscreen::new(device, size, format))
}

/// A picture of that size, drawn once.
fn picture(device: &Device, field: &Field, look: Look, size: [u32; 2]) -> Vec<u8> {
    let (mut renderer, target) = offscreen(device, field, look, size, Offscreen::FORMAT);
    drawn(&mut renderer, &target, View::default())
}

fn drawn(renderer: &mut Renderer, target: &Offscreen, view: View) -> Vec<u8> {
    target.draw(renderer, view).unwrap();
    target.pixels().unwrap()
}

/// The largest difference in levels of 8 bits.
fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}
